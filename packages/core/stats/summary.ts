import { DAY_MS } from '@terse/platform/durations';
import { startOf, startsIn } from './calendar.ts';
import { errorsOf, OTHER_VALUE } from './heavy-hitters.ts';
import type { Interval } from './interval.ts';
import type { Dimension, MonthlyVisits, RollupDelta } from './rollup.ts';
import type { Cover, Period, LinkRollups } from './ports.ts';

/** The visits of the period in the interval that begins at `start`. */
export interface SeriesPoint {
  readonly start: Date;
  readonly visits: number;
  readonly bot_visits: number;
}

export interface Value {
  readonly value: string;
  readonly visits: number;
  /** How many visits of `(other)` may belong to it. Absent when none can. */
  readonly error?: number;
}

export type Summary = Readonly<Record<Dimension, readonly Value[]>>;

/** The row of visits without a value, such as those without a referrer. */
const UNKNOWN_VALUE = '(unknown)';

/** Splits a period into whole UTC days, which rollups cover, and cuts, whose visits are read one by one. */
export function coverOf({ from, to }: Period): Cover {
  const first = startOf('day', from.getTime() + DAY_MS - 1);
  const beyond = Math.max(first, startOf('day', to.getTime()));
  const days = { from: new Date(first), to: new Date(beyond) };
  if (to < days.from) return { days, cuts: [{ from, to }] };
  const cuts = [
    { from, to: days.from },
    { from: days.to, to },
  ];
  return { days, cuts: cuts.filter((cut) => cut.from < cut.to) };
}

/** The visits of each interval, empty ones included; the first and the last count only visits of the period. */
export function seriesOf(
  rollups: Pick<LinkRollups, 'months' | 'deltas' | 'hours'>,
  period: Period,
  interval: Interval,
): SeriesPoint[] {
  const points = new Map(
    startsIn(period, interval).map((at) => [at, { start: new Date(at), visits: 0, bot_visits: 0 }]),
  );
  const add = (at: number, visits: number, bot_visits: number) => {
    const point = points.get(startOf(interval, at));
    if (!point) return;
    point.visits += visits;
    point.bot_visits += bot_visits;
  };
  for (const { hour, visits, bot_visits } of rollups.deltas) add(hour, visits, bot_visits);
  if (interval === 'hour') {
    for (const { hour, visits, bot_visits } of rollups.hours) add(hour, visits, bot_visits);
  } else {
    const { days } = coverOf(period);
    for (const { month, data } of rollups.months) {
      const [first, beyond] = placesIn(month, days);
      for (let day = first; day < beyond; day++) {
        add(month + day * DAY_MS, data.visits[day] ?? 0, data.bot_visits[day] ?? 0);
      }
    }
  }
  return [...points.values()];
}

/**
 * The `limit` most frequent values of each dimension among the `visits` by people in the period. `(other)` and
 * `(unknown)` have the rest, so each dimension adds up to `visits`.
 */
export function breakdownOf(
  rollups: Pick<LinkRollups, 'months' | 'deltas'>,
  period: Period,
  visits: number,
  limit: number,
): Summary {
  const { days } = coverOf(period);
  const rows = (dimension: Dimension) => {
    const totals = new Map<string, number>();
    for (const { month, data } of rollups.months) addDays(totals, data, dimension, placesIn(month, days));
    for (const delta of rollups.deltas) addDelta(totals, delta, dimension);
    return rowsOf(totals, visits, limit, errorIn(rollups, dimension));
  };
  return {
    referrer: rows('referrer'),
    country: rows('country'),
    browser: rows('browser'),
    os: rows('os'),
    device: rows('device'),
  };
}

/** The days of the month that are in the period, counted from 0, as a half-open range. */
function placesIn(month: number, { from, to }: Period): [first: number, beyond: number] {
  return [
    Math.max(0, (from.getTime() - month) / DAY_MS),
    Math.max(0, Math.min(31, (to.getTime() - month) / DAY_MS)),
  ];
}

function addDays(
  totals: Map<string, number>,
  { breakdown }: MonthlyVisits,
  dimension: Dimension,
  [first, beyond]: readonly [number, number],
): void {
  const counts = breakdown[dimension];
  if (!counts) return;
  const sums = counts.values.map(() => 0);
  for (const ofDay of counts.days.slice(first, beyond)) {
    for (let index = 0; index < ofDay.length; index++) sums[index] = (sums[index] ?? 0) + (ofDay[index] ?? 0);
  }
  counts.values.forEach((value, index) => {
    const visits = sums[index] ?? 0;
    if (visits > 0) totals.set(value, (totals.get(value) ?? 0) + visits);
  });
}

function addDelta(totals: Map<string, number>, { breakdown }: RollupDelta, dimension: Dimension): void {
  for (const [value, visits] of breakdown[dimension] ?? []) {
    totals.set(value, (totals.get(value) ?? 0) + visits);
  }
}

function errorIn({ months }: Pick<LinkRollups, 'months'>, dimension: Dimension): (value: string) => number {
  const ofMonths = months.flatMap(({ data }) => data.breakdown[dimension] ?? []).map(errorsOf);
  return (value) => ofMonths.reduce((sum, errorOf) => sum + errorOf(value), 0);
}

function rowsOf(
  totals: Map<string, number>,
  visits: number,
  limit: number,
  errorOf: (value: string) => number,
): Value[] {
  const notToldApart = totals.get(OTHER_VALUE) ?? 0;
  totals.delete(OTHER_VALUE);
  let known = notToldApart;
  for (const ofValue of totals.values()) known += ofValue;
  const top = mostFrequent(totals, limit);
  const other = known - top.reduce((sum, row) => sum + row.visits, 0);
  const rows: Value[] = top.map(({ value, visits: ofValue }) => {
    const error = notToldApart && Math.min(notToldApart, errorOf(value));
    return error > 0 ? { value, visits: ofValue, error } : { value, visits: ofValue };
  });
  if (other > 0) rows.push({ value: OTHER_VALUE, visits: other });
  if (visits > known) rows.push({ value: UNKNOWN_VALUE, visits: visits - known });
  return rows;
}

/** Inserts into a short list: sorting hundreds of values for a handful would take longer than adding them up. */
function mostFrequent(totals: ReadonlyMap<string, number>, howMany: number): Value[] {
  const top: Value[] = [];
  for (const [value, visits] of totals) {
    const candidate = { value, visits };
    const last = top[howMany - 1];
    if (last && compare(candidate, last) > 0) continue;
    let low = 0;
    for (let high = top.length; low < high;) {
      const middle = (low + high) >> 1;
      const other = top[middle];
      if (other && compare(candidate, other) > 0) low = middle + 1;
      else high = middle;
    }
    top.splice(low, 0, candidate);
    if (top.length > howMany) top.pop();
  }
  return top;
}

function compare(a: Value, b: Value): number {
  return b.visits - a.visits || (a.value < b.value ? -1 : 1);
}
