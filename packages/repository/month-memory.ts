import { LRUCache } from 'lru-cache';
import type { ShortCode } from '@terse/core/short-code';
import type { MonthlyVisits } from '@terse/core/visit-rollup';
import type { MonthOfLink } from './rollup-repository.ts';

/** Of months that were read, in numbers and names: some ten megabytes. */
const REMEMBERED_SIZE = 1_000_000;

/** A month as it was read. It is the same as long as its version is. */
interface RememberedMonth {
  readonly version: number;
  readonly data: MonthlyVisits;
}

export type MonthsByStart = ReadonlyMap<number, RememberedMonth>;

/** A month as a statement gives it. */
export interface ReadMonth {
  readonly month: number;
  readonly version: number;
  /** None when the one of that version is known already. */
  readonly data: MonthlyVisits | null;
}

/** Months, most of which never change any more, are sent and parsed only when they are not what is remembered. */
export interface MonthMemory {
  of(code: ShortCode): MonthsByStart;
  /** The months that were read, given what was remembered when they were asked for. */
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
