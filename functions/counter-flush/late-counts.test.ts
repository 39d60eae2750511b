import assert from 'node:assert/strict';
import type { OpenDatabase } from '@terse/repository/open-database';
import { openTestDatabase } from '@terse/repository/test-database';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { CODES, type Counting, openCounting, WINDOW_MS } from './test-counting.ts';

const RUNS = 25;

let database: OpenDatabase;
beforeAll(async () => {
  database = await openTestDatabase();
});
afterAll(() => database.close());

const code = fc.constantFrom(...CODES);
const some = fc.integer({ min: 1, max: 5 });
type Act = readonly [name: string, act: (counting: Counting) => Promise<unknown>];
const simple = fc.oneof(
  {
    weight: 4,
    arbitrary: fc
      .tuple(code, some)
      .map(([of, times]): Act => [`record ${of} ${times}`, (counting) => counting.record(of, times)]),
  },
  { weight: 3, arbitrary: some.map((times): Act => [`store ${times}`, (counting) => counting.store(times)]) },
  {
    weight: 1,
    arbitrary: some.map((times): Act => [
      `deliver again ${times}`,
      (counting) => counting.deliverAgain(times),
    ]),
  },
  {
    weight: 1,
    arbitrary: some.map((times): Act => [
      `lose ${times}`,
      async (counting) => counting.onTheWay.splice(0, times),
    ]),
  },
  {
    weight: 2,
    arbitrary: fc
      .constantFrom(undefined, 'freeze' as const, 'apply' as const, 'settle' as const)
      .map((dies): Act => [`flush ${dies ?? ''}`, (counting) => counting.flush(dies)]),
  },
  { weight: 2, arbitrary: fc.constant<Act>(['merge', (counting) => counting.merge()]) },
  { weight: 1, arbitrary: fc.constant<Act>(['wipe', async (counting) => counting.wipe()]) },
  {
    weight: 1,
    arbitrary: fc.constant<Act>(['look and take back', (counting) => counting.reconciliation().takeBack()]),
  },
  {
    weight: 1,
    arbitrary: fc.constant<Act>(['a day', async (counting) => counting.clock.advance(WINDOW_MS)]),
  },
  { weight: 1, arbitrary: fc.constant<Act>(['restore', (counting) => counting.reconciliation().restore(0)]) },
  {
    weight: 1,
    arbitrary: fc.constant<Act>([
      'restore, killed',
      (counting) => {
        counting.meanwhile.unshift(() => Promise.reject(new Error('killed')));
        return counting
          .reconciliation()
          .restore(0)
          .catch(() => 0)
          .finally(() => counting.meanwhile.splice(0));
      },
    ]),
  },
);
/** A tick of one process; other processes act during its wait. */
const tick = fc.array(simple, { maxLength: 3 }).map((acts): Act => [
  `tick (${acts.map(([name]) => name).join(', ')})`,
  async (counting) => {
    const before = await counting.stored();
    counting.meanwhile.push(
      ...acts.map(
        ([, act]) =>
          () =>
            act(counting),
      ),
    );
    await counting.tick();
    for (const act of counting.meanwhile.splice(0)) await act();
    if (acts.some(([name]) => /wipe|take back/.test(name))) return;
    const shown = await counting.shown();
    for (const each of CODES) {
      const late = (before.get(each) ?? 0) - (shown.get(each) ?? 0);
      assert.ok(late <= 0, `${each} lacks ${late} visits that were stored before the tick`);
    }
  },
]);
const acts = fc.array(fc.oneof({ weight: 5, arbitrary: simple }, { weight: 1, arbitrary: tick }), {
  minLength: 5,
  maxLength: 40,
});

describe('when anything may be late, lost or killed', () => {
  test(
    'after a tick, every count has all stored visits and never more than the recorded ones; in the end both agree',
    { timeout: 180_000 },
    async () => {
      await fc.assert(
        fc.asyncProperty(acts, async (given) => {
          const counting = await openCounting(database);
          for (const [name, act] of given) {
            await act(counting);
            for (const [each, shown] of await counting.shown()) {
              expect(shown, `${each} after ${name}`).toBeLessThanOrEqual(counting.recorded.get(each) ?? 0);
            }
          }
          await counting.store(counting.onTheWay.length);
          await counting.tick();
          const stored = await counting.stored();
          for (const [each, shown] of await counting.shown()) {
            expect(shown).toBeGreaterThanOrEqual(stored.get(each) ?? 0);
          }
          // A surplus that grew after it was first seen is taken back in the second window.
          for (let windows = 0; windows < 2; windows++) {
            for (let ticks = 0; ticks < 3; ticks++) await counting.tick();
            counting.clock.advance(WINDOW_MS);
          }
          await counting.tick();
          expect(await counting.shown()).toEqual(stored);
        }),
        { numRuns: RUNS },
      );
    },
  );
});
