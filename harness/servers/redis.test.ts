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
  let part: RunningServer;

  beforeAll(async () => {
    part = await startRedis({ directory });
  }, INSTALL_AND_START_MS);

  afterAll(async () => {
    await part?.stop();
    rmSync(directory, { recursive: true });
  });

  const send = (...command: string[]) => tellRedis(part.url, ...command);

  test('answers', async () => {
    expect(await send('PING')).toBe('PONG');
  });

  test('is not reached at another address of the machine', async () => {
    await expect(once(connect(part.port, '127.0.0.2'), 'connect')).rejects.toThrow('ECONNREFUSED');
  });

  test('does not run as root', () => {
    expect(statSync(`/proc/${part.pid}`).uid).not.toBe(0);
  });

  test('evicts only what would expire anyway', async () => {
    expect(await send('CONFIG', 'GET', 'maxmemory-policy')).toEqual(['maxmemory-policy', 'volatile-lru']);
  });

  test('keeps every write that it answered when it is killed and started again, at the same address', async () => {
    const { pid, port, url } = part;
    await send('SET', 'kept', 'yes');
    await part.kill();
    expect(part.pid).toBeUndefined();
    await part.restart();
    expect(part.pid).not.toBe(pid);
    expect(part).toMatchObject({ port, url });
    expect(await send('GET', 'kept')).toBe('yes');
  });

  test('leaves no process behind when stopped', async () => {
    expect(processesOf(directory)).toEqual([part.pid]);
    await part.stop();
    expect(processesOf(directory)).toEqual([]);
    await part.stop();
  });
});
