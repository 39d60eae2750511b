import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { killOnExit } from '../../harness/processes/clean-up.ts';
import { statusOf } from '../../harness/processes/status-of.ts';
import { startProcess, untilUp } from '../../harness/processes/running-process.ts';
import { onFreePorts } from '../../harness/processes/free-ports.ts';

const VERSION = '5.1.18';
const DIRECTORY = `node_modules/.cache/moto-${VERSION}`;
const INSTALL_WITHIN_MS = 240_000;

/** Moto's server, which speaks the API of AWS and keeps its state in memory. */
export interface Moto {
  /** Settings with which functions find it. */
  readonly settings: Readonly<Record<string, string>>;
  stop(): Promise<void>;
}

/** Starts Moto, installed from PyPI. Returns the reason instead when PyPI is unreachable. */
export async function startMoto(): Promise<Moto | string> {
  const server = join(DIRECTORY, 'bin/moto_server');
  try {
    if (!existsSync(server)) await install();
  } catch (error) {
    return `Moto cannot be installed: ${error instanceof Error ? (error.message.split('\n')[0] ?? '') : String(error)}`;
  }
  return onFreePorts(1, async ([port = 0]) => {
    const command = [server, '-H', '127.0.0.1', '-p', `${port}`];
    const running = await startProcess(command, { environment: process.env });
    const forget = killOnExit(running.pid);
    const url = `http://127.0.0.1:${port}`;
    await untilUp(running, async () => (await statusOf(`${url}/moto-api/data.json`)) === 200);
    return {
      settings: {
        AWS_ENDPOINT_URL: url,
        AWS_REGION: 'eu-central-1',
        AWS_ACCESS_KEY_ID: 'test',
        AWS_SECRET_ACCESS_KEY: 'test',
      },
      stop: async () => {
        await running.end('SIGTERM');
        forget();
      },
    };
  });
}

async function install(): Promise<void> {
  const run = promisify(execFile);
  await run('python3', ['-m', 'venv', '--clear', DIRECTORY]);
  await run(join(DIRECTORY, 'bin/pip'), ['--quiet', 'install', `moto[server]==${VERSION}`], {
    timeout: INSTALL_WITHIN_MS,
  });
}
