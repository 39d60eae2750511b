import { addAt, createMonthlyCounter, type DailyCounts } from './heavy-hitters.ts';
import type { ShortCode } from '../links/short-code.ts';
import type { DescribedVisit } from '../visits/visit-description.ts';
import { HOUR_MS } from '@terse/platform/durations';

/** What visits by people are broken down by. */
export const DIMENSIONS = ['referrer', 'country', 'browser', 'os', 'device'] as const;
export type Dimension = (typeof DIMENSIONS)[number];

/** How many visits had each value: `["news.example", 7]`. A dimension without values is absent. */
export type Breakdown = Partial<Record<Dimension, ValueCount[]>>;
export type ValueCount = [value: string, visits: number];

/** Visits of one link within one hour that were stored together. */
export interface RollupDelta {
  readonly short_code: ShortCode;
  /** When the hour begins, in milliseconds since the epoch. */
  readonly hour: number;
  readonly visits: number;
  readonly bot_visits: number;
  /** Of visits by people only. */
  readonly breakdown: Breakdown;
}

/**
 * Visits of one link in one month: a number for each day, from the first of the month to the last day with a visit.
 */
export interface MonthlyVisits {
  readonly visits: number[];
  readonly bot_visits: number[];
  /** Of visits by people only. */
  readonly breakdown: MonthlyBreakdown;
}

export type MonthlyBreakdown = Partial<Record<Dimension, DailyCounts>>;

/** A month without visits. */
export function createMonth(): MonthlyVisits {
  return { visits: [], bot_visits: [], breakdown: {} };
}

interface OpenDelta {
  readonly short_code: ShortCode;
  readonly hour: number;
  visits: number;
  bot_visits: number;
  readonly counts: Record<Dimension, Map<string, number>>;
}

/** Adds visits up by link and hour. */
export function rollUp(visits: readonly DescribedVisit[]): RollupDelta[] {
  const byLink = new Map<ShortCode, OpenDelta[]>();
  const all: OpenDelta[] = [];
  for (const visit of visits) {
    const hour = visit.timestamp - (visit.timestamp % HOUR_MS);
    let ofLink = byLink.get(visit.short_code);
    if (!ofLink) byLink.set(visit.short_code, (ofLink = []));
    let delta = ofLink.find((each) => each.hour === hour);
    if (!delta) {
      delta = openDelta(visit.short_code, hour);
      ofLink.push(delta);
      all.push(delta);
    }
    count(delta, visit);
  }
  return all.map(({ short_code, hour, visits, bot_visits, counts }) => ({
    short_code,
    hour,
    visits,
    bot_visits,
    breakdown: breakdownOf(counts),
  }));
}

function openDelta(short_code: ShortCode, hour: number): OpenDelta {
  const counts = {
    referrer: new Map<string, number>(),
    country: new Map<string, number>(),
    browser: new Map<string, number>(),
    os: new Map<string, number>(),
    device: new Map<string, number>(),
  };
  return { short_code, hour, visits: 0, bot_visits: 0, counts };
}

function count(delta: OpenDelta, visit: DescribedVisit): void {
  if (visit.is_bot) {
    delta.bot_visits++;
    return;
  }
  delta.visits++;
  const { counts } = delta;
  increment(counts.referrer, visit.referrer_host);
  increment(counts.country, visit.country);
  increment(counts.browser, visit.browser);
  increment(counts.os, visit.os);
  increment(counts.device, visit.device);
}

function increment(counts: Map<string, number>, value: string | null): void {
  if (value !== null) counts.set(value, (counts.get(value) ?? 0) + 1);
}

function breakdownOf(counts: OpenDelta['counts']): Breakdown {
  const breakdown: Breakdown = {};
  for (const dimension of DIMENSIONS) {
    if (counts[dimension].size > 0) breakdown[dimension] = [...counts[dimension]];
  }
  return breakdown;
}

/** Adds deltas to the month that all of them belong to. */
export function addToMonth(month: MonthlyVisits, deltas: readonly RollupDelta[]): void {
  const counters = new Map<Dimension, ReturnType<typeof createMonthlyCounter>>();
  for (const delta of deltas) {
    const day = new Date(delta.hour).getUTCDate() - 1;
    addAt(month.visits, day, delta.visits);
    addAt(month.bot_visits, day, delta.bot_visits);
    for (const dimension of DIMENSIONS) {
      const counts = delta.breakdown[dimension];
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
