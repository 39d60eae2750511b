import { setTimeout as sleep } from 'node:timers/promises';

/** Where every stamp comes from, so that a test can own time. */
export interface Clock {
  /** Milliseconds since the Unix epoch. */
  now(): number;
  sleep(ms: number): Promise<void>;
}

export const systemClock: Clock = {
  now: Date.now,
  sleep: (ms) => sleep(ms),
};
