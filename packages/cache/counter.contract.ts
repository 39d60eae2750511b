import { expect, test } from 'vitest';
import type { CounterBatch } from '@terse/core/counts/counter-batch';
import type { ShortCode } from '@terse/core/links/short-code';
import type { Counter } from '@terse/core/counts/ports';

/** What every counter promises. `open` gives a counter that is empty before each test. */
export function describeCounter(open: () => Counter): void {
  const a = 'a' as ShortCode;
  const b = 'b' as ShortCode;
  const deltas = (entries: Record<string, number>) =>
    new Map(Object.entries(entries) as [ShortCode, number][]);
  const total = (batches: readonly CounterBatch[], code: ShortCode) =>
    batches.reduce((sum, batch) => sum + (batch.deltas.get(code) ?? 0), 0);

  test('has nothing to flush or to show before anything was counted', async () => {
    const counter = open();
    expect(await counter.freeze()).toEqual([]);
    expect(await counter.pending([a])).toEqual([]);
  });

  test('adds up deltas', async () => {
    const counter = open();
    await counter.add('1', deltas({ a: 2, b: 1 }));
    await counter.add('2', deltas({ a: 3 }));
    const batches = await counter.freeze();
    expect(total(batches, a)).toBe(5);
    expect(total(batches, b)).toBe(1);
  });

  test('counts an addition once, however often it is tried', async () => {
    const counter = open();
    await counter.add('1', deltas({ a: 2, b: 1 }));
    await counter.add('1', deltas({ a: 2, b: 1 }));
    await counter.freeze();
    await counter.add('1', deltas({ a: 2, b: 1 }));
    expect(total(await counter.pending(), a)).toBe(2);
  });

  test('returns an unsettled batch again, unchanged, and under the same id', async () => {
    const counter = open();
    await counter.add('1', deltas({ a: 2 }));
    const [first] = await counter.freeze();
    await counter.add('2', deltas({ a: 5 }));
    expect(await counter.freeze()).toEqual([first]);
    expect(first?.deltas).toEqual(deltas({ a: 2 }));
  });

  test('returns the deltas that gathered meanwhile once a batch is settled, under another id', async () => {
    const counter = open();
    await counter.add('1', deltas({ a: 2 }));
    const [first] = await counter.freeze();
    await counter.add('2', deltas({ a: 5 }));
    await counter.settle(first?.id ?? '');
    const [second] = await counter.freeze();
    expect(second?.deltas).toEqual(deltas({ a: 5 }));
    expect(second?.id).not.toBe(first?.id);
  });

  test('ignores settling twice, settling late, and ids it does not know', async () => {
    const counter = open();
    await counter.add('1', deltas({ a: 2 }));
    const [first] = await counter.freeze();
    await counter.settle(first?.id ?? '');
    await counter.add('2', deltas({ a: 5 }));
    const [second] = await counter.freeze();
    await counter.settle(first?.id ?? '');
    await counter.settle('unknown');
    expect(await counter.freeze()).toEqual([second]);
  });

  test('shows what is pending under the id that it will be flushed with', async () => {
    const counter = open();
    await counter.add('1', deltas({ a: 2, b: 7 }));
    const [gathering] = await counter.pending([a]);
    const frozen = (await counter.freeze()).find(({ deltas }) => deltas.has(a));
    expect(gathering).toEqual({ id: frozen?.id, deltas: deltas({ a: 2 }) });
    await counter.add('2', deltas({ a: 5 }));
    const pending = await counter.pending([a]);
    expect(pending).toHaveLength(2);
    expect(total(pending, a)).toBe(7);
    expect(total(await counter.pending(), b)).toBe(7);
  });
}
