import { createRedisCache } from '@terse/cache/redis-cache';
import type { RedisConnection } from '@terse/cache/redis-connection';
import { createRedisCounter } from '@terse/cache/redis-counter';
import { createRedisOverflowQueue } from '@terse/cache/redis-overflow-queue';
import type { ActiveLink } from '@terse/core/links/link';
import { createLinkResolver } from '@terse/core/links/resolver/link-resolver';
import type { ShortCode } from '@terse/core/links/short-code';
import { createTestClock } from '@terse/platform/test-clock';
import { testLink } from '@terse/core/links/test-link';
import { createTestMetrics } from '@terse/core/test-metrics';
import { expect, test, vi } from 'vitest';
import { LIFETIMES } from '@terse/cache/cache.contract';
import type { LinkRepository } from '@terse/core/links/ports';

interface Servers {
  readonly redis: () => RedisConnection;
  readonly admin: { sendCommand(command: string[]): Promise<unknown> };
}

const CODE = 'x' as ShortCode;
const KEY = `short:${CODE}`;
const LINK: ActiveLink = {
  state: 'active',
  short_code: CODE,
  version: 3,
  original_url: 'https://example.com/',
  redirect_status: 307,
  expires_at: null,
  pinned: false,
  read_at: 0,
};
const json = (more: object) => JSON.stringify({ ...LINK, ...more });

const BAD_COPIES: readonly [name: string, ...command: string[]][] = [
  ['an empty object', 'SET', KEY, '{}'],
  ['nothing', 'SET', KEY, ''],
  ['no JSON', 'SET', KEY, 'no JSON'],
  ['bytes', 'SET', KEY, '\u0000\uFFFD{'],
  ['null', 'SET', KEY, 'null'],
  ['a number', 'SET', KEY, '12'],
  ['an array', 'SET', KEY, '[1,2]'],
  ['arrays in arrays', 'SET', KEY, '['.repeat(2000) + ']'.repeat(2000)],
  ['only a version', 'SET', KEY, '{"version":99}'],
  ['a version that is text', 'SET', KEY, json({ version: '99' })],
  ['a version that is huge', 'SET', KEY, json({ version: 1e300 })],
  ['a version beyond the column', 'SET', KEY, json({ version: 2 ** 31 })],
  ['a version that is not whole', 'SET', KEY, json({ version: 98.5 })],
  ['a negative version', 'SET', KEY, json({ version: -1 })],
  ['another state', 'SET', KEY, json({ state: 'lost', version: 99 })],
  ['another code', 'SET', KEY, json({ short_code: 'y', version: 99 })],
  ['no URL', 'SET', KEY, json({ original_url: 'null', version: 99 })],
  ['a URL that must not be followed', 'SET', KEY, json({ original_url: 'javascript:alert(1)', version: 99 })],
  ['another status', 'SET', KEY, json({ redirect_status: 200, version: 99 })],
  ['an expiry that is text', 'SET', KEY, json({ expires_at: 'soon', version: 99 })],
  ['pinned by a text', 'SET', KEY, json({ pinned: 'no', version: 99 })],
  ['no time of reading', 'SET', KEY, json({ read_at: null, version: 99 })],
  ['too much', 'SET', KEY, json({ title: 'x'.repeat(100_000), version: 99 })],
  ['a hash', 'HSET', KEY, 'version', '99'],
  ['a list', 'RPUSH', KEY, '{}'],
  ['a set', 'SADD', KEY, '{}'],
  ['a stream', 'XADD', KEY, '*', 'a', 'b'],
];

/** Foreign values at our keys, of every type and shape: each counts as absent, and stops nothing else. */
export function describeForeignValues({ redis, admin }: Servers): void {
  const other = { ...LINK, short_code: 'other' as ShortCode };

  test.each(BAD_COPIES)(
    'a link heals itself from %s, by a visitor or by a change',
    async (_name, ...command) => {
      const cache = createRedisCache(redis(), LIFETIMES);
      await cache.put(other);
      const findAll = vi.fn<LinkRepository['findAll']>(() =>
        Promise.resolve([{ ...testLink, ...LINK, expires_at: null }]),
      );
      const resolve = () =>
        createLinkResolver({
          cache,
          repository: { findAll },
          clock: createTestClock(),
          metrics: createTestMetrics(),
        }).resolve(CODE);

      await admin.sendCommand(command);
      expect(await resolve()).toMatchObject({ kind: 'redirect', location: LINK.original_url });
      await vi.waitFor(async () => expect(await cache.getAll([CODE])).toMatchObject([{ version: 3 }]));
      expect(await resolve()).toMatchObject({ kind: 'redirect' });
      expect(findAll).toHaveBeenCalledTimes(1);

      await admin.sendCommand(['DEL', KEY]);
      await admin.sendCommand(command);
      // A visit before a change, or a change before a visit.
      const changed = { ...LINK, version: 4, original_url: 'https://example.com/changed' };
      await cache.put(changed);
      await cache.getAll([CODE]);
      await cache.put(changed);
      expect(await cache.getAll([CODE, other.short_code])).toEqual([changed, other]);
    },
  );

  const PREFIX = 'counter:{visits}:';
  /** A counter with two codes in two shards, and the ids of these shards. */
  async function setUpCounter() {
    const onBroken = vi.fn<(what: readonly string[]) => void>();
    const counter = createRedisCounter(redis(), onBroken);
    const counted = new Map<string, number>();
    const applied = new Set<string>();
    const flush = async () => {
      for (let round = 0; round < 2; round++) {
        for (const { id, deltas } of await counter.freeze()) {
          if (!applied.has(id)) {
            for (const [code, visits] of deltas) counted.set(code, (counted.get(code) ?? 0) + visits);
          }
          applied.add(id);
          await counter.settle(id);
        }
      }
    };
    let additions = 0;
    const add = (visits: number) =>
      counter.add(
        `${additions++}`,
        new Map([
          ['a' as ShortCode, visits],
          ['b' as ShortCode, visits],
        ]),
      );
    await add(1);
    const [id = ''] = (await counter.pending(['a' as ShortCode])).map((batch) => batch.id);
    const shard = id.slice(id.lastIndexOf(':') + 1);
    const asided = () => onBroken.mock.calls.flat(2);
    return { counter, counted, flush, add, id, shard, asided };
  }

  const BAD_COUNTERS: readonly [
    name: string,
    aside: string,
    (id: string, shard: string) => string[][],
    lost: number,
  ][] = [
    [
      'an open pointer that is a list',
      'open:',
      (_, shard) => [
        ['DEL', `${PREFIX}open:${shard}`],
        ['RPUSH', `${PREFIX}open:${shard}`, 'x'],
      ],
      1,
    ],
    [
      'an open pointer to nothing of ours',
      'open:',
      (_, shard) => [['SET', `${PREFIX}open:${shard}`, 'nonsense']],
      1,
    ],
    [
      'an open pointer of another shard',
      'open:',
      (_, shard) => [['SET', `${PREFIX}open:${shard}`, `abc:${Number(shard) + 1}`]],
      1,
    ],
    [
      'an endless open pointer',
      'open:',
      (_, shard) => [['SET', `${PREFIX}open:${shard}`, `${'a'.repeat(10_000)}:${shard}`]],
      1,
    ],
    [
      'a frozen pointer that is a hash',
      'frozen:',
      (_, shard) => [['HSET', `${PREFIX}frozen:${shard}`, 'a', 'b']],
      0,
    ],
    [
      'a frozen pointer to nothing of ours',
      'frozen:',
      (_, shard) => [['SET', `${PREFIX}frozen:${shard}`, '\u0000']],
      0,
    ],
    ['a batch that is text', 'batch:', (id) => [['SET', `${PREFIX}batch:${id}`, 'x']], 1],
    [
      'a batch with a delta that is no number',
      'delta of a',
      (id) => [['HSET', `${PREFIX}batch:${id}`, 'a', 'x']],
      1,
    ],
    [
      'a batch with a delta that is huge',
      'delta of a',
      (id) => [['HSET', `${PREFIX}batch:${id}`, 'a', '9223372036854775807']],
      1,
    ],
    [
      'a batch with a code that is none',
      'delta of ',
      (id) => [['HSET', `${PREFIX}batch:${id}`, 'no code\u0000', '5']],
      0,
    ],
  ];

  test.each(BAD_COUNTERS)(
    'counts go on beside %s, which is set aside and told of',
    async (_name, aside, leave, lost) => {
      const { counted, flush, add, id, shard, asided, counter } = await setUpCounter();
      for (const command of leave(id, shard)) await admin.sendCommand(command);
      await counter.pending();
      await counter.pending(['a', 'b'] as ShortCode[]);
      await add(10);
      await flush();
      await flush();
      expect(Object.fromEntries(counted)).toEqual({ a: 11 - lost, b: 11 });
      expect(asided().some((what) => what.startsWith(aside))).toBe(true);
      expect(await admin.sendCommand(['KEYS', `${PREFIX}broken:*`])).toHaveLength(1);
      await add(100);
      await flush();
      expect(Object.fromEntries(counted)).toEqual({ a: 111 - lost, b: 111 });
    },
  );

  test('a pointer to a batch that is gone is passed over', async () => {
    const { counted, flush, add, id } = await setUpCounter();
    await admin.sendCommand(['DEL', `${PREFIX}batch:${id}`]);
    await flush();
    await add(10);
    await flush();
    expect(Object.fromEntries(counted)).toEqual({ a: 10, b: 11 });
  });

  test.each([
    ['text', ['SET', '{visits}:overflow', 'x']],
    ['a hash', ['HSET', '{visits}:overflow', 'a', 'b']],
  ])('the overflow goes on beside %s in its place, which is set aside', async (_name, command) => {
    const onBroken = vi.fn<(what: readonly string[]) => void>();
    const overflow = createRedisOverflowQueue(redis(), 1000, onBroken);
    await admin.sendCommand(command);
    expect(await overflow.peek(10)).toEqual([]);
    expect(onBroken).toHaveBeenCalledWith(['{visits}:overflow']);
    await admin.sendCommand(['DEL', '{visits}:overflow']);
    await admin.sendCommand(command);
    await overflow.add('[1]');
    expect((await overflow.peek(10)).map(({ body }) => body)).toEqual(['[1]']);
    expect(await admin.sendCommand(['EXISTS', '{visits}:overflow:broken'])).toBe(1);
  });

  test.each([
    ['text', ['SET', '{visits}:overflow:bytes', 'many']],
    ['negative', ['SET', '{visits}:overflow:bytes', '-5']],
    ['a list', ['RPUSH', '{visits}:overflow:bytes', '5']],
    ['gone', ['PING']],
  ])('the overflow keeps its bound though the number of its bytes is %s', async (_name, command) => {
    const overflow = createRedisOverflowQueue(redis(), 1000);
    for (let times = 0; times < 150; times++) await overflow.add('sixby!');
    await admin.sendCommand(['DEL', '{visits}:overflow:bytes']);
    await admin.sendCommand(command);
    await overflow.add('y'.repeat(90));
    await expect(overflow.add('y'.repeat(90))).rejects.toThrow('full');
    const messages = await overflow.peek(1000);
    expect(messages).toHaveLength(151);
    await overflow.remove(messages.map(({ id }) => id));
    await overflow.add('y'.repeat(1000));
  });

  test('the overflow has room again when its messages are gone', async () => {
    const overflow = createRedisOverflowQueue(redis(), 1000);
    await overflow.add('y'.repeat(1000));
    await admin.sendCommand(['DEL', '{visits}:overflow']);
    await overflow.add('x'.repeat(1000));
    expect(await overflow.peek(10)).toHaveLength(1);
  });
}
