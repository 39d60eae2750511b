import type { Clock } from '@terse/platform/clock';
import type { Schedule } from './schedules.ts';

export interface TickerOptions {
  readonly schedules: () => Promise<readonly Schedule[]>;
  /** Invokes a function. @throws Error when it failed. */
  readonly invoke: (target: string, input: string) => Promise<void>;
  readonly clock: Pick<Clock, 'monotonic'>;
  readonly onFailure: (schedule: Schedule, error: unknown) => void;
}

export interface Ticker {
  /** Invokes due schedules: a new one at once, then after each period. A failed one waits for its next period. */
  tick(): Promise<void>;
}

export function createTicker({ schedules, invoke, clock, onFailure }: TickerOptions): Ticker {
  const invokedAt = new Map<string, number>();
  return {
    tick: async () => {
      for (const schedule of await schedules()) {
        const { name, everyMs, target, input } = schedule;
        const now = clock.monotonic();
        if (now - (invokedAt.get(name) ?? Number.NEGATIVE_INFINITY) < everyMs) continue;
        invokedAt.set(name, now);
        await invoke(target, input).catch((error: unknown) => onFailure(schedule, error));
      }
    },
  };
}
