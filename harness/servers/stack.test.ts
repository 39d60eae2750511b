import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, rmSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { Redis } from '@upstash/redis';
import { describe, expect, onTestFinished, test } from 'vitest';
import { processTree, survivors } from '../processes/process-tree.ts';
import { processesOf } from '../processes/processes-of.ts';
import { startStack } from './stack.ts';

const INSTALL_AND_START_MS = 300_000;
const GONE_WITHIN_MS = 10_000;

describe('the stack', { timeout: INSTALL_AND_START_MS }, () => {
  test('starts the named servers and those that they need, and no others', async () => {
    const before = new Set(processTree(process.pid));
    const stack = await startStack(['upstash'], { environment: {} });
    const started = processTree(process.pid).filter((pid) => !before.has(pid));
    expect(started).toHaveLength(1);
    const redis = new Redis({ url: stack.upstash.url, token: stack.upstash.token, retry: { retries: 0 } });
    expect(await redis.ping()).toBe('PONG');
    await stack.stop();
    expect(await survivors(started, 0)).toEqual([]);
  });

  test('starts nothing in place of given servers', async () => {
    const before = processTree(process.pid);
    const stack = await startStack(undefined, {
      environment: {
        TEST_DATABASE_URL: 'postgres://someone@db.example/name',
        TEST_PGBOUNCER_URL: 'postgres://someone@pool.example:6432/name',
        TEST_REDIS_URL: 'redis://cache.example:7000',
        TEST_UPSTASH_REDIS_REST_URL: 'https://rest.example',
        TEST_UPSTASH_REDIS_REST_TOKEN: 'secret',
        TEST_RABBITMQ_URL: 'amqps://queue.example',
      },
    });
    onTestFinished(stack.stop);
    expect(processTree(process.pid)).toEqual(before);
    expect(stack.postgres).toMatchObject({ url: 'postgres://someone@db.example/name', port: 5432 });
    expect(stack.pgbouncer).toMatchObject({ url: 'postgres://someone@pool.example:6432/name', port: 6432 });
    expect(stack.redis).toMatchObject({ url: 'redis://cache.example:7000', port: 7000 });
    expect(stack.upstash).toMatchObject({ url: 'https://rest.example', port: 443, token: 'secret' });
    expect(stack.rabbitmq).toMatchObject({ url: 'amqps://queue.example', port: 5671 });
    await expect(stack.redis.kill()).rejects.toThrow('The server in TEST_REDIS_URL is not ours to end.');
  });

  test('puts its own REST API in front of a given Redis', async () => {
    const own = await startStack(['redis'], { environment: {} });
    onTestFinished(own.stop);
    const stack = await startStack(['upstash'], { environment: { TEST_REDIS_URL: own.redis.url } });
    onTestFinished(stack.stop);
    const redis = new Redis({ url: stack.upstash.url, token: stack.upstash.token, retry: { retries: 0 } });
    expect(await redis.set('key', 'value')).toBe('OK');
  });

  test('refuses the URL of an Upstash server without its token', async () => {
    const environment = { TEST_UPSTASH_REDIS_REST_URL: 'https://rest.example' };
    await expect(startStack(['upstash'], { environment })).rejects.toThrow('go together');
  });

  test('stops the servers it started when another cannot start', async () => {
    const before = processTree(process.pid);
    const environment = { TEST_REDIS_URL: 'redis://127.0.0.1:1' };
    await expect(startStack(['postgres', 'upstash'], { environment })).rejects.toThrow('ECONNREFUSED');
    expect(processTree(process.pid)).toEqual(before);
  });

  test.each([
    ['it ends without stopping its stack', 'process.exit(0)', true],
    ['a signal ends it', "process.kill(process.pid, 'SIGTERM')", true],
    ['it is killed', "process.kill(process.pid, 'SIGKILL')", false],
  ])('does not outlive the process that started it when %s', async (_, ending, cleansUp) => {
    const script = `
      import { startStack } from '${new URL('stack.ts', import.meta.url).href}';
      import { processTree } from '${new URL('../processes/process-tree.ts', import.meta.url).href}';
      import { readlinkSync } from 'node:fs';
      const stack = await startStack(['postgres', 'redis'], { environment: {} });
      const cwd = readlinkSync('/proc/' + stack.redis.pid + '/cwd');
      console.log(JSON.stringify({ pids: processTree(process.pid).slice(1), directory: cwd.replace('/redis', '') }));
      ${ending};
      setInterval(() => undefined, 1000);
    `;
    const child = spawn(process.execPath, ['--input-type=module', '--eval', script], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const ended = once(child, 'exit');
    const lines = createInterface({ input: child.stdout });
    const [line] = (await once(lines, 'line')) as [string];
    const { pids, directory } = JSON.parse(line) as { pids: number[]; directory: string };
    onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
    await ended;
    expect(pids.length).toBeGreaterThan(5);
    expect(await survivors(pids, GONE_WITHIN_MS)).toEqual([]);
    expect(processesOf(directory)).toEqual([]);
    expect(existsSync(directory)).toBe(!cleansUp);
  });
});
