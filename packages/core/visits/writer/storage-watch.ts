import type { Clock } from '@terse/platform/clock';
import { MINUTE_MS } from '@terse/platform/durations';

/** Notices when visits arrive and none is stored. */
export interface StorageWatch {
  /** Called before visits are stored. */
  began(): void;
  /** Called once visits are stored, or were stored already. */
  stored(): void;
  /** Whether visits have arrived for a minute, the last of them within this minute, and none was stored. */
  isStalled(): boolean;
}

const STALLED_AFTER_MS = MINUTE_MS;

export function createStorageWatch({ clock }: { clock: Pick<Clock, 'monotonic'> }): StorageWatch {
  let since: number | undefined;
  let lastBegan = Number.NEGATIVE_INFINITY;
  return {
    began: () => {
      lastBegan = clock.monotonic();
      since ??= lastBegan;
    },
    stored: () => {
      since = undefined;
    },
    isStalled: () => {
      const now = clock.monotonic();
      return since !== undefined && now - since >= STALLED_AFTER_MS && now - lastBegan < STALLED_AFTER_MS;
    },
  };
}
