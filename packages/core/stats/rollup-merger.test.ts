import { expect, test, vi } from 'vitest';
import type { ShortCode } from '../links/short-code.ts';
import { createRollupMerger } from './rollup-merger.ts';
import type { Merge, DeltaBatch } from './ports.ts';

function setUp(howMany: number) {
  const delta = {
    short_code: 'hello' as ShortCode,
    hour: Date.UTC(2026, 10, 24, 12),
    visits: 1,
    bot_visits: 0,
    breakdown: {},
  };
  const all: DeltaBatch[] = Array.from({ length: howMany }, (_, id) => ({ shard: 1, id, deltas: [delta] }));
  const repository = {
    waiting: vi.fn((limit: number, after?: { id: number }) =>
      Promise.resolve(all.slice(after ? after.id + 1 : 0).slice(0, limit)),
    ),
    months: () => Promise.resolve([]),
    merge: vi.fn((_merge: Merge) => Promise.resolve(true)),
  };
  return { repository, merger: createRollupMerger({ repository, batchesAtOnce: 10 }) };
}

test('merges all waiting deltas, an hour of a link as one, with a bounded number of batches at once', async () => {
  const { repository, merger } = setUp(25);
  expect(await merger.merge()).toBe(25);
  expect(repository.merge.mock.calls.map(([{ batches }]) => batches.length)).toEqual([10, 10, 5]);
  expect(repository.merge.mock.calls[0]?.[0].hours).toEqual([
    { short_code: 'hello', hour: Date.UTC(2026, 10, 24, 12), visits: 10, bot_visits: 0 },
  ]);
});

test('leaves the rest to another merger at the same time', async () => {
  const { repository, merger } = setUp(25);
  repository.merge.mockResolvedValueOnce(true).mockResolvedValueOnce(false);
  expect(await merger.merge()).toBe(10);
  expect(repository.merge).toHaveBeenCalledTimes(2);
});

test('stops at a bound, and goes on from there the next time', async () => {
  const { merger } = setUp(1500);
  expect(await merger.merge()).toBe(1000);
  expect(await merger.merge()).toBe(500);
});
