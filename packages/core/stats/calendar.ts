import type { Interval } from './interval.ts';
import type { Period } from './ports.ts';
import { DAY_MS, HOUR_MS } from '@terse/platform/durations';

/** The first Monday, in days since the epoch. */
const FIRST_MONDAY = 4;

/**
 * The start of the interval that contains `at`, in UTC; both in milliseconds since the epoch. Weeks begin on Monday.
 */
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

/** The start of the next interval. */
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

/** The starts of all intervals that overlap the period. The first may lie before the period. */
export function startsIn({ from, to }: Period, interval: Interval): number[] {
  const starts: number[] = [];
  for (let at = startOf(interval, from.getTime()); at < to.getTime(); at = nextStart(interval, at)) {
    starts.push(at);
  }
  return starts;
}

/** The period widened to whole UTC days. */
export function wholeDays({ from, to }: Period): Period {
  return {
    from: new Date(startOf('day', from.getTime())),
    to: new Date(startOf('day', to.getTime() - 1) + DAY_MS),
  };
}
