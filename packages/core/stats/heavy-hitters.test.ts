import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  createMonthlyCounter,
  type DailyCounts,
  errorsOf,
  MAX_VALUES,
  OTHER_VALUE,
} from './heavy-hitters.ts';

const invented = (howMany: number, prefix = 'invented') =>
  Array.from({ length: howMany }, (_, index) => `${prefix}${index}.example`);

interface Visits {
  readonly day: number;
  readonly value: string;
  readonly visits: number;
}

function countAll(all: readonly Visits[], counts: DailyCounts = { values: [], days: [] }): DailyCounts {
  const add = createMonthlyCounter(counts);
  for (const { day, value, visits } of all) add(day, value, visits);
  return counts;
}

const one = (value: string, visits = 1, day = 0): Visits => ({ day, value, visits });
const visitsOf = ({ values, days }: DailyCounts, value: string) =>
  days.reduce((sum, ofDay) => sum + (ofDay[values.indexOf(value)] ?? 0), 0);

test('counts every value apart while there are places, without errors', () => {
  const counts = countAll(invented(MAX_VALUES).map((value) => one(value)));
  expect(counts).toEqual({ values: invented(MAX_VALUES), days: [Array(MAX_VALUES).fill(1)] });
  expect(errorsOf(counts)('unseen.example')).toBe(0);
});

test('shows a referrer with many visits after a thousand invented ones, also while more come', () => {
  const all: Visits[] = invented(MAX_VALUES).map((value) => one(value));
  for (const value of invented(5000, 'later')) all.push(one(value, 1, 1), one('news.example', 1, 1));
  const counts = countAll(all);
  const shown = visitsOf(counts, 'news.example');
  expect(shown).toBeGreaterThanOrEqual(4999);
  expect(shown + errorsOf(counts)('news.example')).toBeGreaterThanOrEqual(5000);
  expect(counts.values).toHaveLength(MAX_VALUES + 1);
});

/** A few frequent values among thousands of rare ones, in any order, on any day. */
const streams = fc
  .record({
    rare: fc.integer({ min: 0, max: 2000 }),
    repeated: fc.integer({ min: 1, max: 3 }),
    frequent: fc.array(fc.integer({ min: 1, max: 200 }), { maxLength: 6 }),
    seed: fc.integer(),
  })
  .map(({ rare, repeated, frequent, seed }) => {
    const random = linear(seed);
    const values = Array.from({ length: repeated }, () => invented(rare)).flat();
    frequent.forEach((visits, index) =>
      values.push(...Array<string>(visits).fill(`frequent${index}.example`)),
    );
    const all = values.map((value) => one(value, 1 + Math.floor(random() * 3), Math.floor(random() * 31)));
    return all
      .map((each) => ({ each, at: random() }))
      .toSorted((a, b) => a.at - b.at)
      .map(({ each }) => each);
  });

function linear(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

test('keeps sums exact, frequent values in place and errors true, for visits in any order', () => {
  const seen = { replaced: 0, frequent: 0 };
  fc.assert(
    fc.property(streams, (all) => {
      const counts = countAll(all);
      const truth = new Map<string, number>();
      const ofDays = Array<number>(31).fill(0);
      let total = 0;
      for (const { day, value, visits } of all) {
        truth.set(value, (truth.get(value) ?? 0) + visits);
        ofDays[day] = (ofDays[day] ?? 0) + visits;
        total += visits;
      }
      const sums = counts.days.map((ofDay) => ofDay.reduce((sum, visits) => sum + visits, 0));
      expect(ofDays).toEqual([...sums, ...Array<number>(31 - sums.length).fill(0)]);
      expect(counts.values.length).toBeLessThanOrEqual(MAX_VALUES + 1);
      expect(new Set(counts.values).size).toBe(counts.values.length);
      const errorOf = errorsOf(counts);
      const frequent: string[] = [];
      for (const [value, visits] of truth) {
        const shown = counts.values.includes(value) ? visitsOf(counts, value) : 0;
        if (visits > total / MAX_VALUES) frequent.push(value);
        if (shown > visits || shown + errorOf(value) < visits) {
          throw new Error(`${value}: ${shown} of ${visits}`);
        }
      }
      expect(counts.values).toEqual(expect.arrayContaining(frequent));
      seen.frequent += frequent.length;
      if (counts.errors) seen.replaced++;
    }),
    { numRuns: 40 },
  );
  expect(seen.replaced).toBeGreaterThan(10);
  expect(seen.frequent).toBeGreaterThan(50);
});

test('gives the same counts when they are stored in between', () => {
  fc.assert(
    fc.property(streams, fc.nat(), (all, at) => {
      const cut = at % (all.length + 1);
      const stored = JSON.parse(JSON.stringify(countAll(all.slice(0, cut)))) as DailyCounts;
      expect(countAll(all.slice(cut), stored)).toEqual(countAll(all));
    }),
    { numRuns: 20 },
  );
});

test('goes on with a month of an earlier release, which took the first values that came', () => {
  const counts: DailyCounts = {
    values: [...invented(MAX_VALUES), OTHER_VALUE],
    days: [[...Array<number>(MAX_VALUES).fill(1), 7]],
  };
  expect(errorsOf(counts)('news.example')).toBe(7);
  expect(errorsOf(counts)('invented3.example')).toBe(0);
  countAll([one('news.example', 30, 2)], counts);
  expect(visitsOf(counts, 'news.example')).toBe(30);
  expect(visitsOf(counts, OTHER_VALUE)).toBe(8);
});
