import { describe, expect, test } from 'vitest';
import { startOf, startsIn, wholeDays } from './calendar.ts';
import { OTHER_VALUE } from './heavy-hitters.ts';
import type { Interval } from './interval.ts';
import type { ShortCode } from '../links/short-code.ts';
import { addToMonth, createMonth, type RollupDelta } from './rollup.ts';
import { breakdownOf, coverOf, seriesOf } from './summary.ts';
import type { Period, LinkRollups } from './ports.ts';

const deltaAt = (time: string, more: Partial<RollupDelta> = {}): RollupDelta => ({
  short_code: 'hello' as ShortCode,
  hour: startOf('hour', Date.parse(time)),
  visits: 1,
  bot_visits: 0,
  breakdown: {},
  ...more,
});

const NO_CUT = { hours: [], referrers: [], countries: [], userAgents: [] };

/** The same visits in three forms: not merged, merged, and one merged and the others not. */
function formsOf(...deltas: readonly RollupDelta[]): LinkRollups[] {
  const merged = (some: readonly RollupDelta[]) => {
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
    { deltas, months: [], hours: [], cut: NO_CUT },
    { deltas: [], ...merged(deltas), cut: NO_CUT },
    { deltas: deltas.slice(1), ...merged(deltas.slice(0, 1)), cut: NO_CUT },
  ];
}

const periodOf = (from: string, to: string) => ({ from: new Date(from), to: new Date(to) });

describe('a series', () => {
  test.each([
    ['hour', '2026-11-24T00:00:00Z', '2026-11-26T00:00:00Z', ['24T23', '25T00', '25T12'], [1, 1, 1]],
    ['day', '2026-11-24T00:00:00Z', '2026-11-26T00:00:00Z', ['24T00', '25T00'], [1, 2]],
    // The interval is wider than the period, and counts only visits of the period.
    ['week', '2026-11-24T00:00:00Z', '2026-11-25T00:00:00Z', ['23T00'], [1]],
    ['month', '2026-11-25T00:00:00Z', '2026-12-02T00:00:00Z', ['01T00'], [2]],
  ] as const)('by %s counts visits of the period only', (interval, from, to, starts, counts) => {
    const times = ['2026-11-24T23:59:59.999Z', '2026-11-25T00:00:00Z', '2026-11-25T12:00:00Z'];
    const period = periodOf(from, to);
    const ofPeriod = times.filter((time) => new Date(time) >= period.from && new Date(time) < period.to);
    const [, merged] = formsOf(...times.map((time) => deltaAt(time)));
    for (const rollups of [
      ...formsOf(...ofPeriod.map((time) => deltaAt(time))),
      ...(merged && interval !== 'hour' ? [merged] : []),
    ]) {
      const series = seriesOf(rollups, period, interval).filter(({ visits }) => visits > 0);
      expect(series.map(({ start }) => start.toISOString().slice(8, 13))).toEqual(starts);
      expect(series.map(({ visits }) => visits)).toEqual(counts);
    }
  });

  test('by week begins on Mondays, also in the week of a new year', () => {
    const starts = startsIn(periodOf('2026-12-31T12:00:00Z', '2027-01-11T00:00:00.001Z'), 'week');
    expect(starts.map((at) => new Date(at).toISOString().slice(0, 10))).toEqual([
      '2026-12-28',
      '2027-01-04',
      '2027-01-11',
    ]);
  });

  test.each([
    ['week', '1969-12-31T00:00:00Z', '1969-12-29T00:00:00.000Z'],
    ['week', '1970-01-05T00:00:00Z', '1970-01-05T00:00:00.000Z'],
    ['week', '2024-03-03T23:59:59Z', '2024-02-26T00:00:00.000Z'],
    ['month', '2024-02-29T12:00:00Z', '2024-02-01T00:00:00.000Z'],
    ['month', '0001-12-31T12:00:00Z', '0001-12-01T00:00:00.000Z'],
    ['hour', '1969-12-31T23:30:00Z', '1969-12-31T23:00:00.000Z'],
  ] as [Interval, string, string][])(
    'by %s has %s in the interval that begins at %s',
    (interval, at, start) => {
      expect(new Date(startOf(interval, Date.parse(at))).toISOString()).toBe(start);
    },
  );

  test('by month has each month once, of any length', () => {
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
    for (const rollups of formsOf(deltaAt('2026-11-24T12:00:00Z', { visits: 0, bot_visits: 2 }))) {
      for (const interval of ['hour', 'day', 'week', 'month'] as const) {
        const sums = seriesOf(rollups, period, interval).map(
          ({ visits, bot_visits }) => visits * 10 + bot_visits,
        );
        expect(sums.filter(Boolean)).toEqual([2]);
      }
    }
  });
});

describe('a breakdown', () => {
  const on = (time: string, ...browsers: string[]) =>
    deltaAt(time, {
      visits: browsers.length,
      breakdown: { browser: browsers.map((browser) => [browser, 1]), os: [['Linux', 1]] },
    });

  test('has the most frequent values, and all others as one, so that each dimension adds up to all visits', () => {
    const period = periodOf('2026-11-23T00:00:00Z', '2026-11-25T00:00:00Z');
    for (const rollups of formsOf(
      on('2026-11-23T00:00:00Z', 'C', 'B'),
      on('2026-11-24T23:00:00Z', 'A', 'B', 'C'),
    )) {
      expect(breakdownOf(rollups, period, 5, 2)).toEqual({
        referrer: [{ value: '(unknown)', visits: 5 }],
        country: [{ value: '(unknown)', visits: 5 }],
        browser: [
          { value: 'B', visits: 2 },
          { value: 'C', visits: 2 },
          { value: '(other)', visits: 1 },
        ],
        os: [
          { value: 'Linux', visits: 2 },
          { value: '(unknown)', visits: 3 },
        ],
        device: [{ value: '(unknown)', visits: 5 }],
      });
      expect(breakdownOf(rollups, period, 5, 3).browser).toEqual([
        { value: 'B', visits: 2 },
        { value: 'C', visits: 2 },
        { value: 'A', visits: 1 },
      ]);
    }
  });

  test('leaves out the other days of a month', () => {
    const period = periodOf('2026-11-23T00:00:00Z', '2026-11-24T00:00:00Z');
    const [, merged] = formsOf(
      on('2026-11-22T23:00:00Z', 'A', 'B'),
      on('2026-11-23T00:00:00Z', 'A'),
      on('2026-11-24T00:00:00Z', 'B'),
    );
    if (!merged) throw new Error('Nothing was merged.');
    expect(breakdownOf(merged, period, 1, 10).browser).toEqual([{ value: 'A', visits: 1 }]);
  });

  test('says how many of the visits of other values a value may have', () => {
    const data = createMonth();
    addToMonth(
      data,
      Array.from({ length: 1005 }, (_, index) => on('2026-11-23T00:00:00Z', `browser${index}`)),
    );
    const rollups = { months: [{ month: Date.UTC(2026, 10), data }], deltas: [] };
    const rows = (from: string, to: string) =>
      breakdownOf(rollups, periodOf(`2026-11-${from}T00:00:00Z`, `2026-11-${to}T00:00:00Z`), 1005, 1000)
        .browser;
    const browsers = rows('23', '24');
    expect(browsers.at(-1)).toEqual({ value: OTHER_VALUE, visits: 5 });
    expect(browsers.find(({ value }) => value === 'browser1004')).toMatchObject({ visits: 1, error: 1 });
    expect(browsers.find(({ value }) => value === 'browser999')).toEqual({ value: 'browser999', visits: 1 });
    expect(rows('24', '25')).toEqual([{ value: '(unknown)', visits: 1005 }]);
  });
});

test.each([
  ['2026-11-25T00:00:00Z', '2026-11-27T00:00:00Z', '25T00:00 27T00:00', ''],
  [
    '2026-11-25T10:30:00Z',
    '2026-11-27T00:30:00Z',
    '26T00:00 27T00:00',
    '25T10:30 26T00:00, 27T00:00 27T00:30',
  ],
  [
    '2026-11-25T10:30:00Z',
    '2026-11-26T00:30:00Z',
    '26T00:00 26T00:00',
    '25T10:30 26T00:00, 26T00:00 26T00:30',
  ],
  ['2026-11-25T10:30:00Z', '2026-11-26T00:00:00Z', '26T00:00 26T00:00', '25T10:30 26T00:00'],
  ['2026-11-25T10:30:00Z', '2026-11-25T11:30:00Z', '26T00:00 26T00:00', '25T10:30 25T11:30'],
  ['2026-11-25T00:00:00Z', '2026-11-25T11:30:00Z', '25T00:00 25T00:00', '25T00:00 25T11:30'],
])('from %s to %s there are the days %s and the cuts %s', (from, to, days, cuts) => {
  const text = (period: Period) =>
    [period.from, period.to].map((at) => at.toISOString().slice(8, 16)).join(' ');
  const cover = coverOf(periodOf(from, to));
  expect(text(cover.days)).toBe(days);
  expect(cover.cuts.map(text).join(', ')).toBe(cuts);
  expect(coverOf(wholeDays(periodOf(from, to))).cuts).toEqual([]);
});
