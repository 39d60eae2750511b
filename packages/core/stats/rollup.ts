import { addAt, createMonthlyCounter } from './heavy-hitters.ts';
import type { ShortCode } from '../links/short-code.ts';
import type { DescribedVisit } from '../visits/visit-description.ts';
import { HOUR_MS } from '@terse/platform/durations';

/** What visits by people are broken down by. */
export const DIMENSIONS = ['referrer', 'country', 'browser', 'os', 'device'] as const;
export type Dimension = (typeof DIMENSIONS)[number];

/** How many visits had each value: `["news.example", 7]`. A dimension that no visit had a value of is absent. */
export type Breakdown = Partial<Record<Dimension, ValueCount[]>>;
export type ValueCount = [value: string, visits: number];

/** Visits of one link within one hour that were stored together. */
export interface VisitTally {
  readonly short_code: ShortCode;
  /** When the hour begins, in milliseconds since the epoch. */
  readonly hour: number;
  readonly visits: number;
  readonly bot_visits: number;
  /** Of visits by people only. */
  readonly breakdown: Breakdown;
}

/**
 * Visits of one link in one month, by day: the first number is the month's first day, days after the last visit have
 * none.
 */
export interface MonthlyVisits {
  readonly visits: number[];
  readonly bot_visits: number[];
  /** Of visits by people only. */
  readonly breakdown: MonthlyBreakdown;
}

export type MonthlyBreakdown = Partial<Record<Dimension, DailyCounts>>;

/** How many visits had each value on each day: `days[2]?.[0]` are those of the first value on the third day, if any. */
export interface DailyCounts {
  readonly values: string[];
  readonly days: number[][];
  /** How many visits of `(other)` may belong to each value. Absent while every value has a place. */
  errors?: number[];
}

/** A month without visits, to add some to. */
export function createMonth(): MonthlyVisits {
  return { visits: [], bot_visits: [], breakdown: {} };
}

/** Tallies lie in so many buckets. A link is always in the same: another number would hide what lies there already. */
const BUCKETS = 256;

/** In which bucket the tallies of a link lie. */
export function bucketOf(code: ShortCode): number {
  let hash = 0;
  for (let at = 0; at < code.length; at++) hash = (Math.imul(hash, 31) + code.charCodeAt(at)) >>> 0;
  return hash % BUCKETS;
}

interface OpenTally {
  readonly short_code: ShortCode;
  readonly hour: number;
  visits: number;
  bot_visits: number;
  readonly counts: Record<Dimension, Map<string, number>>;
}

/** Adds visits up by link and hour. */
export function tallyVisits(visits: readonly DescribedVisit[]): VisitTally[] {
  const byLink = new Map<ShortCode, OpenTally[]>();
  const all: OpenTally[] = [];
  for (const visit of visits) {
    const hour = visit.timestamp - (visit.timestamp % HOUR_MS);
    let ofLink = byLink.get(visit.short_code);
    if (!ofLink) byLink.set(visit.short_code, (ofLink = []));
    let tally = ofLink.find((each) => each.hour === hour);
    if (!tally) {
      tally = openTally(visit.short_code, hour);
      ofLink.push(tally);
      all.push(tally);
    }
    count(tally, visit);
  }
  return all.map(({ short_code, hour, visits, bot_visits, counts }) => ({
    short_code,
    hour,
    visits,
    bot_visits,
    breakdown: breakdownOf(counts),
  }));
}

function openTally(short_code: ShortCode, hour: number): OpenTally {
  const counts = {
    referrer: new Map<string, number>(),
    country: new Map<string, number>(),
    browser: new Map<string, number>(),
    os: new Map<string, number>(),
    device: new Map<string, number>(),
  };
  return { short_code, hour, visits: 0, bot_visits: 0, counts };
}

function count(tally: OpenTally, visit: DescribedVisit): void {
  if (visit.is_bot) {
    tally.bot_visits++;
    return;
  }
  tally.visits++;
  const { counts } = tally;
  increment(counts.referrer, visit.referrer_host);
  increment(counts.country, visit.country);
  increment(counts.browser, visit.browser);
  increment(counts.os, visit.os);
  increment(counts.device, visit.device);
}

function increment(counts: Map<string, number>, value: string | null): void {
  if (value !== null) counts.set(value, (counts.get(value) ?? 0) + 1);
}

function breakdownOf(counts: OpenTally['counts']): Breakdown {
  const breakdown: Breakdown = {};
  for (const dimension of DIMENSIONS) {
    if (counts[dimension].size > 0) breakdown[dimension] = [...counts[dimension]];
  }
  return breakdown;
}

/** Adds tallies, all of which belong to the month, to it. */
export function addToMonth(month: MonthlyVisits, tallies: readonly VisitTally[]): void {
  const counters = new Map<Dimension, ReturnType<typeof createMonthlyCounter>>();
  for (const tally of tallies) {
    const day = new Date(tally.hour).getUTCDate() - 1;
    addAt(month.visits, day, tally.visits);
    addAt(month.bot_visits, day, tally.bot_visits);
    for (const dimension of DIMENSIONS) {
      const counts = tally.breakdown[dimension];
      if (!counts) continue;
      let add = counters.get(dimension);
      if (!add) {
        add = createMonthlyCounter((month.breakdown[dimension] ??= { values: [], days: [] }));
        counters.set(dimension, add);
      }
      for (const [value, visits] of counts) add(day, value, visits);
    }
  }
}
