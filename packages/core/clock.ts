import { setTimeout as sleep } from 'node:timers/promises';

/** Where every stamp comes from, so that a test can own time. */
export interface Clock {
  /** Milliseconds since the Unix epoch. */
  now(): number;
  /** Milliseconds since some moment of this process. What is measured with it does not jump when the time of day is set. */
  monotonic(): number;
  sleep(ms: number): Promise<void>;
}

export const systemClock: Clock = {
  // Looked up at each call, so that a test can own even the time of day of a whole process.
  now: () => Date.now(),
  monotonic: () => performance.now(),
  sleep: (ms) => sleep(ms),
};
