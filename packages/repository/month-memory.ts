import { LRUCache } from 'lru-cache';
import type { ShortCode } from '@terse/core/links/short-code';
import type { MonthlyVisits } from '@terse/core/stats/rollup';
import type { MonthOfLink } from '@terse/core/stats/ports';

/** The most numbers and names in remembered months; about ten megabytes. */
const REMEMBERED_SIZE = 1_000_000;

/** A month as it was read, valid while its version is unchanged. */
interface RememberedMonth {
  readonly version: number;
  readonly data: MonthlyVisits;
}

export type MonthsByStart = ReadonlyMap<number, RememberedMonth>;

/** A month as a statement returns it. */
export interface ReadMonth {
  readonly month: number;
  readonly version: number;
  /** `null` when that version is remembered already. */
  readonly data: MonthlyVisits | null;
}

/** Remembers months, most of which never change, so that only changed ones are sent and parsed. */
export interface MonthMemory {
  of(code: ShortCode): MonthsByStart;
  /** Completes the months that were read with those that were remembered at the time of the query. */
  recall(code: ShortCode, known: MonthsByStart, read: readonly ReadMonth[]): MonthOfLink[];
}

export function createMonthMemory(): MonthMemory {
  const remembered = new LRUCache<ShortCode, MonthsByStart>({
    maxSize: REMEMBERED_SIZE,
    sizeCalculation: sizeOf,
  });
  return {
    of: (code) => remembered.get(code) ?? new Map<number, RememberedMonth>(),

    recall: (code, known, read) => {
      const months = new Map(known);
      const found: MonthOfLink[] = [];
      let isNew = false;
      for (const { month, version, data: sent } of read) {
        const data = sent ?? known.get(month)?.data;
        if (!data) continue;
        found.push({ month, data });
        if (sent) {
          months.set(month, { version, data });
          isNew = true;
        }
      }
      if (isNew) remembered.set(code, months);
      return found;
    },
  };
}

function sizeOf(months: MonthsByStart): number {
  let size = 1;
  for (const { data } of months.values()) {
    size += data.visits.length + data.bot_visits.length;
    for (const { values, days, errors = [] } of Object.values(data.breakdown)) {
      size += values.length + errors.length + days.reduce((sum, ofDay) => sum + ofDay.length, 0);
    }
  }
  return size;
}
