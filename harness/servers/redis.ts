import { join } from 'node:path';
import { onFreePorts } from '../processes/free-ports.ts';
import { converse } from './converse.ts';
import { programDirectory } from './debian-packages.ts';
import { asServer, createProgram, makeDirectory } from './program.ts';
import type { RunningServer } from './running-server.ts';

/**
 * Starts Redis, which keeps every write in its append-only file and under memory pressure evicts only keys that expire.
 * @param directory for its data; created when absent.
 */
export async function startRedis({ directory }: { directory: string }): Promise<RunningServer> {
  const programs = await programDirectory('redis-server');
  makeDirectory(directory);
  return onFreePorts(1, async ([port = 0]) => {
    const url = `redis://127.0.0.1:${port}`;
    const settings = {
      port: String(port),
      bind: '127.0.0.1',
      dir: directory,
      save: '',
      appendonly: 'yes',
      'maxmemory-policy': 'volatile-lru',
    };
    const server = createProgram({
      name: 'Redis',
      command: join(programs, 'redis-server'),
      args: Object.entries(settings).flatMap(([name, value]) => [`--${name}`, value]),
      directory,
      stopSignal: 'SIGTERM',
      isReady: (pid) => serves(port, pid),
    });
    await server.start();
    return asServer(server, url, port);
  });
}

async function serves(port: number, pid: number): Promise<boolean> {
  const itself = `process_id:${pid}\r\n`;
  const answer = await converse(port, 'PING\r\nINFO server\r\n', (received) => received.includes(itself));
  // While it loads its data, only PING says so.
  return answer?.indexOf('+PONG') === 0;
}
