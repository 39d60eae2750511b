import { beforeEach, describe, expect, test, vi } from 'vitest';
import { createMemoryCounter } from '@terse/cache/memory-counter';
import type { CounterRepository, Drift } from '@terse/repository/counter-repository';
import { createCounterService } from './counter-service.ts';
import type { CounterBatch } from './counter-batch.ts';
import type { ShortCode } from './short-code.ts';
import { createTestClock } from './test-clock.ts';
import { createTestMetrics } from './test-metrics.ts';

const a = 'a' as ShortCode;

/** Counts as the contract of the repository says: a batch once. */
function createCountingRepository(rollups: Map<ShortCode, number>) {
  const ledger = new Set<string>();
  const counts = new Map<ShortCode, number>();
  const apply = vi.fn((batch: CounterBatch) => {
    if (ledger.has(batch.id)) return Promise.resolve(false);
    ledger.add(batch.id);
    for (const [code, delta] of batch.deltas) counts.set(code, (counts.get(code) ?? 0) + delta);
    return Promise.resolve(true);
  });
  const drifts = vi.fn((pending: readonly CounterBatch[]): Promise<Drift[]> => {
    const waiting = (code: ShortCode) =>
      pending
        .filter(({ id }) => !ledger.has(id))
        .reduce((sum, { deltas }) => sum + (deltas.get(code) ?? 0), 0);
    return Promise.resolve(
      [...rollups]
        .map(([code, visits]) => ({
          short_code: code,
          counted: (counts.get(code) ?? 0) + waiting(code),
          stored: visits,
        }))
        .filter(({ counted, stored }) => counted !== stored),
    );
  });
  return { repository: { apply, drifts } satisfies CounterRepository, counts };
}

function setUp() {
  const clock = createTestClock();
  const rollups = new Map<ShortCode, number>();
  const counter = createMemoryCounter({ clock });
  const { repository, counts } = createCountingRepository(rollups);
  const backlog = { waiting: vi.fn(() => Promise.resolve(0)) };
  const options = { counter, repository, backlog, clock, metrics: createTestMetrics() };
  return {
    ...options,
    counts,
    rollups,
    service: createCounterService(options),
    open: () => createCounterService(options),
  };
}

let parts: ReturnType<typeof setUp>;
beforeEach(() => {
  parts = setUp();
});
const add = (id: string, visits: number) => parts.counter.add(id, new Map([[a, visits]]));

describe('a flush', () => {
  test('brings what was counted to the links, once', async () => {
    await add('1', 3);
    expect(await parts.service.flush()).toBe(3);
    expect(await parts.service.flush()).toBe(0);
    expect(parts.counts.get(a)).toBe(3);
  });

  test('that died before it applied its batch is finished by the next', async () => {
    await add('1', 3);
    parts.repository.apply.mockRejectedValueOnce(new Error('killed'));
    await expect(parts.service.flush()).rejects.toThrow('killed');
    await add('2', 4);
    expect(await parts.service.flush()).toBe(7);
    expect(parts.counts.get(a)).toBe(7);
  });

  test('that died after it applied its batch, but before it settled it, does not count twice', async () => {
    await add('1', 3);
    vi.spyOn(parts.counter, 'settle').mockRejectedValueOnce(new Error('killed'));
    await expect(parts.service.flush()).rejects.toThrow('killed');
    await add('2', 4);
    expect(await parts.service.flush()).toBe(4);
    expect(parts.counts.get(a)).toBe(7);
  });

  test('beside others neither loses nor doubles', async () => {
    let expected = 0;
    for (let round = 0; round < 50; round++) {
      expected += round;
      await Promise.all([
        add(`${round}`, round),
        parts.open().flush(),
        parts.open().flush(),
        parts.open().flush(),
      ]);
    }
    await parts.service.flush();
    expect(parts.counts.get(a)).toBe(expected);
  });
});

describe('reconciliation', () => {
  test('restores what the counter lost', async () => {
    parts.rollups.set(a, 10);
    await add('1', 3);
    await parts.service.flush();
    expect(await parts.service.reconcile(1000)).toBe(1);
    expect(parts.counts.get(a)).toBe(10);
    expect(await parts.service.reconcile(1000)).toBe(0);
  });

  test('takes back what was counted but never stored', async () => {
    parts.rollups.set(a, 1);
    await add('1', 3);
    await parts.service.flush();
    await parts.service.reconcile(1000);
    expect(parts.counts.get(a)).toBe(1);
  });

  test.each([
    ['waits in the queue', () => Promise.resolve(1)],
    ['may wait in the queue, which does not say', () => Promise.reject(new Error('down'))],
  ])('does not take back what %s, and adds what is missing all the same', async (_, waiting) => {
    const b = 'b' as ShortCode;
    parts.rollups.set(a, 1).set(b, 2);
    await add('1', 3);
    await parts.service.flush();
    parts.backlog.waiting.mockImplementation(waiting);
    expect(await parts.service.reconcile(1000)).toBe(1);
    expect(Object.fromEntries(parts.counts)).toEqual({ a: 3, b: 2 });
  });

  test('takes nothing back of a link of which as much is always on its way', async () => {
    parts.rollups.set(a, 90);
    await add('1', 100);
    await parts.service.flush();
    vi.spyOn(parts.clock, 'sleep').mockImplementationOnce(async () => {
      parts.rollups.set(a, 190);
      await add('2', 100);
    });
    expect(await parts.service.reconcile(1000)).toBe(0);
  });

  test('leaves alone what is counted and not flushed', async () => {
    parts.rollups.set(a, 3);
    await add('1', 3);
    expect(await parts.service.reconcile(1000)).toBe(0);
    await parts.service.flush();
    expect(parts.counts.get(a)).toBe(3);
  });

  test('leaves alone a difference that passes while visits are on their way', async () => {
    parts.rollups.set(a, 3);
    await add('1', 5);
    await parts.service.flush();
    vi.spyOn(parts.clock, 'sleep').mockImplementationOnce(() => {
      parts.rollups.set(a, 5);
      return Promise.resolve();
    });
    expect(await parts.service.reconcile(1000)).toBe(0);
    expect(parts.counts.get(a)).toBe(5);
  });

  test('corrects only what stayed, on a link that is visited all the while', async () => {
    parts.rollups.set(a, 110);
    await add('1', 50);
    await parts.service.flush();
    vi.spyOn(parts.clock, 'sleep').mockImplementationOnce(async () => {
      parts.rollups.set(a, 125);
      await add('2', 25);
    });
    await parts.service.reconcile(1000);
    expect(parts.counts.get(a)).toBe(100);
  });
});
