import { once } from 'node:events';
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { processesOf } from '../processes/processes-of.ts';
import { tellRedis } from './connections.ts';
import { startRedis } from './redis.ts';
import type { RunningServer } from './running-server.ts';

const INSTALL_AND_START_MS = 300_000;

describe('Redis', { timeout: 60_000 }, () => {
  const directory = mkdtempSync(join(tmpdir(), 'terse-redis-'));
  let server: RunningServer;

  beforeAll(async () => {
    server = await startRedis({ directory });
  }, INSTALL_AND_START_MS);

  afterAll(async () => {
    await server?.stop();
    rmSync(directory, { recursive: true });
  });

  const send = (...command: string[]) => tellRedis(server.url, ...command);

  test('answers', async () => {
    expect(await send('PING')).toBe('PONG');
  });

  test('is not reached at another address of the machine', async () => {
    await expect(once(connect(server.port, '127.0.0.2'), 'connect')).rejects.toThrow('ECONNREFUSED');
  });

  test('does not run as root', () => {
    expect(statSync(`/proc/${server.pid}`).uid).not.toBe(0);
  });

  test('evicts only keys that expire', async () => {
    expect(await send('CONFIG', 'GET', 'maxmemory-policy')).toEqual(['maxmemory-policy', 'volatile-lru']);
  });

  test('keeps every answered write when it is killed and restarts at the same address', async () => {
    const { pid, port, url } = server;
    await send('SET', 'lasting', 'yes');
    await server.kill();
    expect(server.pid).toBeUndefined();
    await server.restart();
    expect(server.pid).not.toBe(pid);
    expect(server).toMatchObject({ port, url });
    expect(await send('GET', 'lasting')).toBe('yes');
  });

  test('leaves no process behind when stopped', async () => {
    expect(processesOf(directory)).toEqual([server.pid]);
    await server.stop();
    expect(processesOf(directory)).toEqual([]);
    await server.stop();
  });
});
