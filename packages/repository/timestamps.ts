import type { Clock } from '@terse/core/clock';

export interface TimestampService {
  /** The stamps of a new row, as text: rows are inserted as JSON, which takes three times as long to make it of a `Date`. */
  created(): { created_at: string; updated_at: string };
  /** The stamp of a changed row. */
  updated(): { updated_at: Date };
}

export function createTimestampService(clock: Clock): TimestampService {
  return {
    created: () => {
      const now = new Date(clock.now()).toISOString();
      return { created_at: now, updated_at: now };
    },
    updated: () => ({ updated_at: new Date(clock.now()) }),
  };
}
