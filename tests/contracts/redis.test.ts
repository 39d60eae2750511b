import { setTimeout as sleep } from 'node:timers/promises';
import { createClient } from '@redis/client';
import { describeCache, LIFETIMES } from '@terse/cache/cache.contract';
import { describeCounter } from '@terse/cache/counter.contract';
import { createRedisCache } from '@terse/cache/redis-cache';
import type { RedisConnection } from '@terse/cache/redis-connection';
import { describeOverflowQueue, MAX_BYTES } from '@terse/cache/overflow-queue.contract';
import { createRedisCounter } from '@terse/cache/redis-counter';
import { createRedisOverflowQueue } from '@terse/cache/redis-overflow-queue';
import { openRedisRest } from '@terse/cache/redis-rest';
import { openRedisTcp } from '@terse/cache/redis-tcp';
import { createScript } from '@terse/cache/script';
import type { ShortCode } from '@terse/core/links/short-code';
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { openFaultProxy } from '../../harness/deployment/fault-proxy.ts';
import { describeOnRealServices } from '../on-real-services.ts';
import type { RealServices } from '../real-services.ts';
import { describeForeignCounts } from './foreign-counts.contract.ts';
import { describeForeignLinks } from './foreign-links.contract.ts';
import { describeForeignOverflow } from './foreign-overflow.contract.ts';

const openTcp = (url: string, timeoutMs = 2000) =>
  openRedisTcp({ url, name: 'terse-test', timeoutMs, onError: () => {} });
const openRest = (url: string, token: string, timeoutMs = 2000) => openRedisRest({ url, token, timeoutMs });

const TRANSPORTS: [string, (services: RealServices) => RedisConnection][] = [
  ['over TCP', ({ redisUrl }) => openTcp(redisUrl)],
  ['over REST', ({ upstashUrl, upstashToken }) => openRest(upstashUrl, upstashToken)],
];

describeOnRealServices('on a Redis server', (services) => {
  const admin = createClient({ url: services.redisUrl });
  beforeAll(() => admin.connect());
  beforeEach(() => admin.sendCommand(['FLUSHALL']));
  afterAll(() => admin.close());

  describe.each(TRANSPORTS)('%s', (_name, open) => {
    let redis: RedisConnection;
    beforeAll(async () => {
      redis = open(services);
      await vi.waitFor(() => redis.command('PING'));
    });
    afterAll(() => redis.close());

    describe('the cache', () => {
      describeCache(
        () => createRedisCache(redis, LIFETIMES),
        (_clock, ms) => sleep(ms),
      );
    });

    test('reads all links with one command', async () => {
      const cache = createRedisCache(redis, LIFETIMES);
      const sent = vi.spyOn(redis, 'command');
      await cache.getAll(['one', 'two'] as ShortCode[]);
      expect(sent.mock.calls).toEqual([['MGET', 'short:one', 'short:two']]);
      sent.mockRejectedValueOnce(new Error('refused'));
      await expect(cache.getAll(['one', 'two'] as ShortCode[])).rejects.toThrow('refused');
      sent.mockRestore();
    });

    test('links that are put in one turn share one command and its failure', async () => {
      const sent = vi.spyOn(redis, 'run');
      const cache = createRedisCache(redis, LIFETIMES);
      const putBoth = () =>
        Promise.allSettled(
          ['one', 'two'].map((code) =>
            cache.put({ state: 'unknown', short_code: code as ShortCode, version: 0 }),
          ),
        );
      expect((await putBoth()).map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled']);
      sent.mockRejectedValueOnce(new Error('refused'));
      expect((await putBoth()).map(({ status }) => status)).toEqual(['rejected', 'rejected']);
      expect((await putBoth()).map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled']);
      expect(sent).toHaveBeenCalledTimes(3);
      sent.mockRestore();
    });

    describe('foreign values at its keys', () => {
      const server = { redis: () => redis, admin };
      describeForeignLinks(server);
      describeForeignCounts(server);
      describeForeignOverflow(server);
    });

    describe('the counter', () => {
      describeCounter(() => createRedisCounter(redis));
    });

    describe('the overflow queue', () => {
      describeOverflowQueue(() => createRedisOverflowQueue(redis, MAX_BYTES));
    });

    test.each(['null', 'true', '123', '{"a":1}', '', 'ü \u{1F517}', '1e999'])(
      'returns %j as it was stored',
      async (text) => {
        await redis.command('SET', 'text', text);
        expect(await redis.command('GET', 'text')).toBe(text);
      },
    );

    test('runs a script on a server that has forgotten it', async () => {
      const script = createScript('return {KEYS[1], ARGV[1], tonumber(ARGV[2])}');
      expect(await redis.run(script, ['key'], ['value', '7'])).toEqual(['key', 'value', 7]);
      await admin.sendCommand(['SCRIPT', 'FLUSH']);
      expect(await redis.run(script, ['key'], ['value', '7'])).toEqual(['key', 'value', 7]);
    });

    test('passes on the message of the server when it refuses a command', async () => {
      await redis.command('SET', 'text', 'x');
      await expect(redis.command('INCR', 'text')).rejects.toThrow('not an integer');
    });

    test('gives up only the command of a caller with a shorter time-out', async () => {
      await admin.sendCommand(['CLIENT', 'PAUSE', '300', 'WRITE']);
      const late = redis.within(50).command('INCR', 'late');
      const other = redis.command('INCR', 'late');
      await expect(late).rejects.toMatchObject({
        code: 'unavailable',
        cause: { message: expect.stringContaining('timed out after 50 ms') },
      });
      await other;
      expect(await redis.command('GET', 'late')).toBe('2');
    });
  });

  test('a command over TCP without an answer in time fails and is not repeated', async () => {
    const impatient = openTcp(services.redisUrl, 100);
    await vi.waitFor(() => impatient.command('PING'));
    await admin.sendCommand(['CLIENT', 'PAUSE', '500', 'WRITE']);
    await expect(impatient.command('INCR', 'late')).rejects.toMatchObject({
      code: 'unavailable',
      cause: { message: expect.stringContaining('timed out') },
    });
    await sleep(700);
    expect(await admin.sendCommand(['GET', 'late'])).toBe('1');
    await impatient.close();
  });

  test('a command over REST without an answer in time fails and is not repeated', async () => {
    const impatient = openRest(services.upstashUrl, services.upstashToken, 100);
    await impatient.command('PING');
    await admin.sendCommand(['CLIENT', 'PAUSE', '500', 'WRITE']);
    await expect(impatient.command('INCR', 'late')).rejects.toMatchObject({
      code: 'unavailable',
      cause: { message: expect.stringMatching(/abort|timeout/i) },
    });
    await sleep(700);
    expect(await admin.sendCommand(['GET', 'late'])).toBe('1');
  });

  test('replaces a connection over TCP whose peer has vanished silently', async () => {
    const proxy = await openFaultProxy(Number(new URL(services.redisUrl).port));
    const redis = openTcp(`redis://127.0.0.1:${proxy.port}`, 100);
    await vi.waitFor(() => redis.command('PING'));
    proxy.goSilent();
    for (let asked = 0; asked < 3; asked++) {
      await expect(redis.command('PING')).rejects.toMatchObject({ code: 'unavailable' });
    }
    // The next connection is silent from its first byte on.
    await sleep(500);
    proxy.heal();
    await vi.waitFor(() => redis.command('PING'), { timeout: 15_000, interval: 200 });
    await redis.close();
    await proxy.close();
  });

  test('a caller over TCP with a shorter time-out does not end the shared connection, unless it is dead', async () => {
    const proxy = await openFaultProxy(Number(new URL(services.redisUrl).port));
    const onError = vi.fn();
    const redis = openRedisTcp({
      url: `redis://127.0.0.1:${proxy.port}`,
      name: 'terse-test',
      timeoutMs: 400,
      onError,
    });
    const impatient = redis.within(20);
    await vi.waitFor(() => impatient.command('PING'));
    onError.mockClear();
    await admin.sendCommand(['CLIENT', 'PAUSE', '200', 'WRITE']);
    for (let asked = 0; asked < 4; asked++) {
      await expect(impatient.command('INCR', 'late')).rejects.toMatchObject({
        cause: { message: expect.stringContaining('timed out after 20 ms') },
      });
    }
    await vi.waitFor(async () => expect(await redis.command('GET', 'late')).toBe('4'));
    expect(onError).not.toHaveBeenCalled();
    proxy.goSilent();
    const asked = Array.from({ length: 3 }, () => impatient.command('PING').catch(() => {}));
    await Promise.all(asked);
    expect(onError).not.toHaveBeenCalled();
    await vi.waitFor(() => expect(String(onError.mock.calls[0]?.[0])).toContain('were not answered'));
    await redis.close();
    await proxy.close();
  });

  test('reports a server that serves nobody as unavailable, not as a wrong command', async () => {
    const redis = openTcp(services.redisUrl);
    await vi.waitFor(() => redis.command('PING'));
    await admin.sendCommand(['CONFIG', 'SET', 'min-replicas-to-write', '1']);
    await expect(redis.command('SET', 'x', '1')).rejects.toMatchObject({ code: 'unavailable' });
    await admin.sendCommand(['CONFIG', 'SET', 'min-replicas-to-write', '0']);
    await redis.close();
  });

  test('commands fail at once while there is no server', async () => {
    const nowhere = openTcp('redis://127.0.0.1:1');
    const startedAt = performance.now();
    await expect(nowhere.command('GET', 'x')).rejects.toMatchObject({
      code: 'unavailable',
      cause: { message: expect.stringMatching(/offline|closed/i) },
    });
    expect(performance.now() - startedAt).toBeLessThan(1000);
    await nowhere.close();
  });

  test('a wrong token is refused', async () => {
    const stranger = openRest(services.upstashUrl, 'wrong');
    await expect(stranger.command('GET', 'x')).rejects.toThrow(/WRONGPASS|unauthorized/i);
  });
});
