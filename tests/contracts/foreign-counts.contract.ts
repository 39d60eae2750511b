import { createRedisCounter } from '@terse/cache/redis-counter';
import type { ShortCode } from '@terse/core/links/short-code';
import { expect, test, vi } from 'vitest';
import type { RedisServer } from './redis-server.ts';

const PREFIX = 'counter:{visits}:';

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

/** Sets up a counter with two codes in two shards, and a batch and a shard of it. */
async function setUpCounter({ redis }: RedisServer) {
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
  const setAside = () => onBroken.mock.calls.flat(2);
  return { counter, counted, flush, add, id, shard, setAside };
}

/** Foreign values at the keys of the counter: each is set aside, and all else goes on. */
export function describeForeignCounts(server: RedisServer): void {
  test.each(BAD_COUNTERS)(
    'counts go on beside %s, which is set aside and reported',
    async (_name, aside, leave, lost) => {
      const { counted, flush, add, id, shard, setAside, counter } = await setUpCounter(server);
      for (const command of leave(id, shard)) await server.admin.sendCommand(command);
      await counter.pending();
      await counter.pending(['a', 'b'] as ShortCode[]);
      await add(10);
      await flush();
      await flush();
      expect(Object.fromEntries(counted)).toEqual({ a: 11 - lost, b: 11 });
      expect(setAside().some((what) => what.startsWith(aside))).toBe(true);
      expect(await server.admin.sendCommand(['KEYS', `${PREFIX}broken:*`])).toHaveLength(1);
      await add(100);
      await flush();
      expect(Object.fromEntries(counted)).toEqual({ a: 111 - lost, b: 111 });
    },
  );

  test('a pointer to a missing batch is skipped', async () => {
    const { counted, flush, add, id } = await setUpCounter(server);
    await server.admin.sendCommand(['DEL', `${PREFIX}batch:${id}`]);
    await flush();
    await add(10);
    await flush();
    expect(Object.fromEntries(counted)).toEqual({ a: 10, b: 11 });
  });
}
