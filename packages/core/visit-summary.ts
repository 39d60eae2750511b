import type { LinkRollups, Period } from '@terse/repository/rollup-repository';
import type { Interval } from './interval.ts';
import type { Breakdown, Dimension, MonthlyVisits } from './visit-rollup.ts';

/** Visits in one interval, which begins at `start`. */
export interface Bucket {
  readonly start: Date;
  readonly visits: number;
  readonly bot_visits: number;
}

export interface Value {
  readonly value: string;
  readonly visits: number;
}

export type Summary = Readonly<Record<Dimension, readonly Value[]>>;

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
/** The first Monday, in days since the epoch. */
const FIRST_MONDAY = 4;

/** When the interval begins that this moment is in; both in milliseconds since the epoch. Weeks begin on Monday; all in UTC. */
export function startOf(interval: Interval, at: number): number {
  switch (interval) {
    case 'hour':
      return Math.floor(at / HOUR_MS) * HOUR_MS;
    case 'day':
      return Math.floor(at / DAY_MS) * DAY_MS;
    case 'week': {
      const day = Math.floor(at / DAY_MS);
      return (day - modulo(day - FIRST_MONDAY, 7)) * DAY_MS;
    }
    case 'month': {
      const date = new Date(startOf('day', at));
      return date.setUTCDate(1);
    }
  }
}

/** When the interval after the one that begins at `start` begins. */
function nextStart(interval: Interval, start: number): number {
  switch (interval) {
    case 'hour':
      return start + HOUR_MS;
    case 'day':
      return start + DAY_MS;
    case 'week':
      return start + 7 * DAY_MS;
    case 'month': {
      const date = new Date(start);
      return date.setUTCMonth(date.getUTCMonth() + 1);
    }
  }
}

function modulo(number: number, by: number): number {
  return ((number % by) + by) % by;
}

/** The whole intervals that begin before the end of the period, the first of them the one that the period begins in. */
export function startsIn({ from, to }: Period, interval: Interval): number[] {
  const starts: number[] = [];
  for (let at = startOf(interval, from.getTime()); at < to.getTime(); at = nextStart(interval, at)) {
    starts.push(at);
  }
  return starts;
}

/** All that a summary of the period counts: whole intervals for its series, and whole days for its breakdown. */
export function coverOf(period: Period, interval: Interval): Period {
  const { from, to } = period;
  const lastStart = startsIn(period, interval).at(-1) ?? from.getTime();
  const lastDay = startOf('day', to.getTime() - 1);
  return {
    from: new Date(Math.min(startOf(interval, from.getTime()), startOf('day', from.getTime()))),
    to: new Date(Math.max(nextStart(interval, lastStart), lastDay + DAY_MS)),
  };
}

/** The visits of each of the intervals, empty ones included. */
export function seriesOf(rollups: LinkRollups, period: Period, interval: Interval): Bucket[] {
  const buckets = new Map(
    startsIn(period, interval).map((at) => [at, { start: new Date(at), visits: 0, bot_visits: 0 }]),
  );
  const add = (at: number, visits: number, bot_visits: number) => {
    const bucket = buckets.get(startOf(interval, at));
    if (!bucket) return;
    bucket.visits += visits;
    bucket.bot_visits += bot_visits;
  };
  for (const { hour, visits, bot_visits } of rollups.tallies) add(hour, visits, bot_visits);
  if (interval === 'hour') {
    for (const { hour, visits, bot_visits } of rollups.hours) add(hour, visits, bot_visits);
  } else {
    for (const { month, data } of rollups.months) {
      data.visits.forEach((visits, day) => add(month + day * DAY_MS, visits, 0));
      data.bot_visits.forEach((visits, day) => add(month + day * DAY_MS, 0, visits));
    }
  }
  return [...buckets.values()];
}

/** The most frequent values of each dimension among people's visits on the UTC days that the period touches. */
export function breakdownOf(rollups: LinkRollups, { from, to }: Period, valuesPerDimension: number): Summary {
  const first = startOf('day', from.getTime());
  const beyond = startOf('day', to.getTime() - 1) + DAY_MS;
  const tallies = rollups.tallies.filter(({ hour }) => hour >= first && hour < beyond);
  const top = (dimension: Dimension) => {
    const totals = new Map<string, number>();
    for (const { month, data } of rollups.months) {
      addDays(totals, data, dimension, (first - month) / DAY_MS, (beyond - month) / DAY_MS);
    }
    for (const { breakdown } of tallies) addTally(totals, breakdown, dimension);
    return mostFrequent(totals, valuesPerDimension);
  };
  return {
    referrer: top('referrer'),
    country: top('country'),
    browser: top('browser'),
    os: top('os'),
    device: top('device'),
  };
}

/** Adds what lies from the day `first` of the month to before the day `beyond`, both counted from 0. */
function addDays(
  totals: Map<string, number>,
  { breakdown }: MonthlyVisits,
  dimension: Dimension,
  first: number,
  beyond: number,
): void {
  const counts = breakdown[dimension];
  if (!counts) return;
  const sums = counts.values.map(() => 0);
  for (const ofDay of counts.days.slice(Math.max(0, first), Math.max(0, beyond))) {
    for (let index = 0; index < ofDay.length; index++) sums[index] = (sums[index] ?? 0) + (ofDay[index] ?? 0);
  }
  counts.values.forEach((value, index) => {
    const visits = sums[index] ?? 0;
    if (visits > 0) totals.set(value, (totals.get(value) ?? 0) + visits);
  });
}

function addTally(totals: Map<string, number>, breakdown: Breakdown, dimension: Dimension): void {
  for (const [value, visits] of breakdown[dimension] ?? []) {
    totals.set(value, (totals.get(value) ?? 0) + visits);
  }
}

/** Of hundreds of values a handful is wanted: sorting them all would take longer than adding them up. */
function mostFrequent(totals: ReadonlyMap<string, number>, howMany: number): Value[] {
  const top: Value[] = [];
  for (const [value, visits] of totals) {
    const last = top[howMany - 1];
    const candidate = { value, visits };
    if (last && compare(candidate, last) > 0) continue;
    const at = top.findIndex((each) => compare(candidate, each) < 0);
    top.splice(at === -1 ? top.length : at, 0, candidate);
    if (top.length > howMany) top.pop();
  }
  return top;
}

function compare(a: Value, b: Value): number {
  return b.visits - a.visits || (a.value < b.value ? -1 : 1);
}
