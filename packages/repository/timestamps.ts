import type { Clock } from '@terse/platform/clock';

export interface TimestampService {
  /** The stamps of a new row. */
  created(): { created_at: Date; updated_at: Date };
  /** The stamp of a changed row. */
  updated(): { updated_at: Date };
}

export function createTimestampService(clock: Clock): TimestampService {
  return {
    created: () => {
      const now = new Date(clock.now());
      return { created_at: now, updated_at: now };
    },
    updated: () => ({ updated_at: new Date(clock.now()) }),
  };
}
