import { describe, expect, test } from 'vitest';
import type { LinkRollups } from '@terse/repository/rollup-repository';
import type { Interval } from './interval.ts';
import type { ShortCode } from './short-code.ts';
import { addToMonth, createMonth, type VisitTally } from './visit-rollup.ts';
import { breakdownOf, coverOf, seriesOf, startOf, startsIn } from './visit-summary.ts';

const tallyAt = (time: string, more: Partial<VisitTally> = {}): VisitTally => ({
  short_code: 'hello' as ShortCode,
  hour: startOf('hour', Date.parse(time)),
  visits: 1,
  bot_visits: 0,
  breakdown: {},
  ...more,
});

/** The same visits in three forms: not merged, merged, and one merged and the others not. */
function formsOf(...tallies: readonly VisitTally[]): LinkRollups[] {
  const merged = (some: readonly VisitTally[]) => {
    const byMonth = Map.groupBy(some, ({ hour }) => startOf('month', hour));
    return {
      months: [...byMonth].map(([month, ofMonth]) => {
        const data = createMonth();
        addToMonth(data, ofMonth);
        return { month, data };
      }),
      hours: some.map(({ hour, visits, bot_visits }) => ({ hour, visits, bot_visits })),
    };
  };
  return [
    { tallies, months: [], hours: [] },
    { tallies: [], ...merged(tallies) },
    { tallies: tallies.slice(1), ...merged(tallies.slice(0, 1)) },
  ];
}

const periodOf = (from: string, to: string) => ({ from: new Date(from), to: new Date(to) });

describe('a series', () => {
  test.each([
    ['hour', '2026-11-24T22:30:00Z', '2026-11-25T01:00:00Z', ['24T22', '24T23', '25T00'], [0, 1, 1]],
    ['day', '2026-11-24T22:30:00Z', '2026-11-27T00:00:00Z', ['24T00', '25T00', '26T00'], [1, 2, 0]],
    ['week', '2026-11-24T00:00:00Z', '2026-11-30T00:00:00.001Z', ['23T00', '30T00'], [3, 0]],
    ['month', '2026-11-30T00:00:00Z', '2026-12-01T00:00:00Z', ['01T00'], [3]],
  ] as const)(
    'by %s covers whole intervals from the first to before the last',
    (interval, from, to, starts, counts) => {
      const times = ['2026-11-24T23:59:59.999Z', '2026-11-25T00:00:00Z', '2026-11-25T12:00:00Z'];
      for (const rollups of formsOf(...times.map((time) => tallyAt(time)))) {
        const series = seriesOf(rollups, periodOf(from, to), interval);
        expect(series.map(({ start }) => start.toISOString().slice(8, 13))).toEqual(starts);
        expect(series.map(({ visits }) => visits)).toEqual(counts);
      }
    },
  );

  test.each([
    ['week', '1969-12-31T00:00:00Z', '1969-12-29T00:00:00.000Z'],
    ['week', '1970-01-05T00:00:00Z', '1970-01-05T00:00:00.000Z'],
    ['week', '2024-03-03T23:59:59Z', '2024-02-26T00:00:00.000Z'],
    ['month', '2024-02-29T12:00:00Z', '2024-02-01T00:00:00.000Z'],
    ['month', '0001-12-31T12:00:00Z', '0001-12-01T00:00:00.000Z'],
    ['hour', '1969-12-31T23:30:00Z', '1969-12-31T23:00:00.000Z'],
  ] as [Interval, string, string][])('by %s has %s in what begins at %s', (interval, at, start) => {
    expect(new Date(startOf(interval, Date.parse(at))).toISOString()).toBe(start);
  });

  test('by month has each month once, however long', () => {
    const starts = startsIn(periodOf('2023-11-15T00:00:00Z', '2024-04-01T00:00:00Z'), 'month');
    expect(starts.map((at) => new Date(at).toISOString().slice(0, 7))).toEqual([
      '2023-11',
      '2023-12',
      '2024-01',
      '2024-02',
      '2024-03',
    ]);
  });

  test('keeps people and bots apart', () => {
    const period = periodOf('2026-11-24T00:00:00Z', '2026-11-25T00:00:00Z');
    for (const rollups of formsOf(tallyAt('2026-11-24T12:00:00Z', { visits: 0, bot_visits: 2 }))) {
      for (const interval of ['hour', 'day', 'week', 'month'] as const) {
        const sums = seriesOf(rollups, period, interval).map(
          ({ visits, bot_visits }) => visits * 10 + bot_visits,
        );
        expect(sums.filter(Boolean)).toEqual([2]);
      }
    }
  });
});

test('breaks down by the most frequent values, days of the period only', () => {
  const period = periodOf('2026-11-23T12:00:00Z', '2026-11-25T00:00:00Z');
  const on = (time: string, ...browsers: string[]) =>
    tallyAt(time, {
      breakdown: { browser: browsers.map((browser) => [browser, 1]), os: [['Linux', browsers.length]] },
    });
  for (const rollups of formsOf(
    on('2026-11-23T00:00:00Z', 'C', 'B'),
    on('2026-11-24T23:00:00Z', 'A', 'B', 'C'),
    on('2026-11-25T00:00:00Z', 'D', 'A'),
    on('2026-11-22T23:00:00Z', 'D', 'A'),
  )) {
    expect(breakdownOf(rollups, period, 2)).toEqual({
      referrer: [],
      country: [],
      browser: [
        { value: 'B', visits: 2 },
        { value: 'C', visits: 2 },
      ],
      os: [{ value: 'Linux', visits: 5 }],
      device: [],
    });
  }
});

test('reads whole intervals and whole days', () => {
  const cover = (interval: Interval) =>
    Object.values(coverOf(periodOf('2026-11-25T10:30:00Z', '2026-11-26T10:30:00Z'), interval)).map((at) =>
      at.toISOString().slice(0, 13),
    );
  expect(cover('hour')).toEqual(['2026-11-25T00', '2026-11-27T00']);
  expect(cover('week')).toEqual(['2026-11-23T00', '2026-11-30T00']);
  expect(cover('month')).toEqual(['2026-11-01T00', '2026-12-01T00']);
});
