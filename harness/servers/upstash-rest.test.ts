import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createClient } from '@redis/client';
import { Redis } from '@upstash/redis';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { startRedis } from './redis.ts';
import type { RunningServer } from './running-server.ts';
import { startUpstashRest, type UpstashRestServer } from './upstash-rest.ts';

const INSTALL_AND_START_MS = 300_000;
const TRICKY = 'ä€🐘 "quoted" \\ \n OK 123 null';

describe('the REST API of Upstash', { timeout: 60_000 }, () => {
  const directory = mkdtempSync(join(tmpdir(), 'terse-upstash-'));
  let server: RunningServer;
  let front: UpstashRestServer;
  let redis: Redis;

  beforeAll(async () => {
    server = await startRedis({ directory });
    front = await startUpstashRest({ redisUrl: server.url });
    redis = clientWith(front.token);
  }, INSTALL_AND_START_MS);

  beforeEach(async () => {
    await redis.flushall();
  });

  afterAll(async () => {
    await front?.stop();
    await server?.stop();
    rmSync(directory, { recursive: true });
  });

  function clientWith(token: string, enableAutoPipelining = false): Redis {
    return new Redis({
      url: front.url,
      token,
      automaticDeserialization: false,
      enableAutoPipelining,
      retry: { retries: 0 },
    });
  }

  function post(path: string, body: string, headers: Record<string, string> = {}): Promise<Response> {
    return fetch(`${front.url}${path}`, {
      method: 'POST',
      headers: { Authorization: `Bearer ${front.token}`, ...headers },
      body,
    });
  }

  test('sets with a lifetime and gets', async () => {
    expect(await redis.set('key', 'value', { ex: 100 })).toBe('OK');
    expect(await redis.get('key')).toBe('value');
    expect(await redis.ttl('key')).toBeGreaterThan(90);
    expect(await redis.get('absent')).toBeNull();
  });

  test('counts', async () => {
    expect(await redis.incr('counter')).toBe(1);
    expect(await redis.hincrby('hash', 'field', 5)).toBe(5);
    expect(await redis.hincrby('hash', 'field', -2)).toBe(3);
  });

  test('answers a hash as a flat list, as RESP2 does', async () => {
    await redis.hset('hash', { a: '1', b: TRICKY });
    expect(await redis.hgetall('hash')).toEqual(['a', '1', 'b', TRICKY]);
  });

  test.each([TRICKY, 'OK', '', '123', 'null', 'T0s=', '\u0000\u0001'])(
    'returns %j unchanged',
    async (value) => {
      await redis.set('key', value);
      expect(await redis.get('key')).toBe(value);
      expect(await redis.mget('key', 'absent')).toEqual([value, null]);
      expect(await redis.multi().get('key').exec()).toEqual([value]);
    },
  );

  test('returns simple strings other than OK in base64, too, as the client expects', async () => {
    expect(await redis.ping()).toBe('PONG');
    await redis.hset('hash', { a: '1' });
    expect(await redis.type('hash')).toBe('hash');
  });

  test('returns bytes that are no UTF-8 unchanged, in base64', async () => {
    const client = await createClient({ url: server.url }).connect();
    await client.set('bytes', Buffer.from([0xff, 0x00, 0xfe]));
    await client.close();
    const response = await post('/', '["GET","bytes"]', { 'Upstash-Encoding': 'base64' });
    expect(await response.json()).toEqual({ result: '/wD+' });
  });

  test('returns plain text where base64 is not asked for', async () => {
    await redis.set('key', TRICKY);
    expect(await (await post('/', '["GET","key"]')).json()).toEqual({ result: TRICKY });
    expect(await (await post('/pipeline', '[["GET","key"],["PING"]]')).json()).toEqual([
      { result: TRICKY },
      { result: 'PONG' },
    ]);
    expect(await (await post('/multi-exec', '[["GET","key"],["INCR","n"]]')).json()).toEqual([
      { result: TRICKY },
      { result: 1 },
    ]);
  });

  test('runs a pipeline to its end when a command fails', async () => {
    const pipeline = redis.pipeline().set('key', 'text').incr('key').get('key');
    expect(await pipeline.exec({ keepErrors: true })).toEqual([
      { result: 'OK', error: undefined },
      { result: undefined, error: 'ERR value is not an integer or out of range' },
      { result: 'text', error: undefined },
    ]);
  });

  test('runs a transaction without commands of others in between', async () => {
    const transactions = Array.from({ length: 50 }, () =>
      redis.multi().set('key', '0').incr('key').incr('key').exec(),
    );
    const others = Array.from({ length: 50 }, () => redis.incrby('key', 100));
    await Promise.all(others);
    expect(await Promise.all(transactions)).toEqual(Array.from({ length: 50 }, () => ['OK', 1, 2]));
  });

  test('runs no command of a transaction with an unknown command', async () => {
    const response = await post('/multi-exec', '[["SET","key","1"],["NONSENSE"]]');
    expect(response.status).toBe(400);
    expect(await response.json()).toEqual({
      error: expect.stringMatching(/^EXECABORT/) as string,
    });
    expect(await redis.get('key')).toBeNull();
    expect(await redis.multi().set('key', '2').exec()).toEqual(['OK']);
  });

  test('names the failed command of a transaction and runs the others', async () => {
    const response = await post('/multi-exec', '[["SET","key","text"],["INCR","key"],["GET","key"]]');
    expect(response.status).toBe(200);
    expect(await response.json()).toEqual([
      { result: 'OK' },
      { error: 'ERR value is not an integer or out of range' },
      { result: 'text' },
    ]);
  });

  test('runs scripts, also by their hash, and refuses an unknown hash', async () => {
    const script = "return {KEYS[1], ARGV[1], 7, redis.call('set', KEYS[1], ARGV[1])}";
    const hash = 'a'.repeat(40);
    await expect(redis.evalsha(hash, ['key'], ['value'])).rejects.toThrow('NOSCRIPT');
    expect(await redis.eval(script, ['key'], [TRICKY])).toEqual(['key', TRICKY, 7, 'OK']);
    expect(await redis.evalsha(await redis.scriptLoad(script), ['key'], ['value'])).toEqual([
      'key',
      'value',
      7,
      'OK',
    ]);
  });

  test('serves a client that pipelines commands automatically', async () => {
    const pipelining = clientWith(front.token, true);
    await Promise.all(Array.from({ length: 100 }, (_, i) => pipelining.set(`key${i}`, String(i))));
    expect(await Promise.all([pipelining.get('key7'), pipelining.get('key99')])).toEqual(['7', '99']);
  });

  test('refuses callers without the token', async () => {
    await expect(clientWith('wrong').get('key')).rejects.toThrow('WRONGPASS');
    for (const path of ['/', '/pipeline', '/multi-exec', '/other']) {
      const response = await fetch(`${front.url}${path}`, { method: 'POST', body: '["PING"]' });
      expect(response.status).toBe(401);
      expect(await response.json()).toEqual({ error: expect.any(String) as string });
    }
  });

  test.each(['not JSON', '{}', '[]', '[[]]', '["GET",null]', '["GET",["key"]]', '["MULTI"]', '["select",1]'])(
    'refuses %s as a command and goes on',
    async (body) => {
      const response = await post('/', body);
      expect(response.status).toBe(400);
      expect(await response.json()).toEqual({ error: expect.stringMatching(/^ERR /) as string });
      expect(await redis.ping()).toBe('PONG');
    },
  );

  test('answers an error at once while Redis is down, and serves again when it is back', async () => {
    await redis.set('key', 'value');
    await server.kill();
    await expect(redis.get('key')).rejects.toThrow('Redis does not answer');
    expect((await post('/multi-exec', '[["GET","key"]]')).status).toBe(503);
    await server.restart();
    await expect.poll(() => redis.get('key').catch(() => undefined), { timeout: 5000 }).toBe('value');
    await expect
      .poll(async () => (await post('/multi-exec', '[["GET","key"]]')).status, { timeout: 5000 })
      .toBe(200);
  });

  test('is unreachable when killed, and returns at the same address when restarted', async () => {
    const { url, token } = front;
    await front.kill();
    await expect(redis.ping()).rejects.toThrow('fetch failed');
    await front.restart();
    expect(front).toMatchObject({ url, token });
    expect(await redis.ping()).toBe('PONG');
    await front.stop();
    await expect(redis.ping()).rejects.toThrow('fetch failed');
    await front.restart();
  });
});
