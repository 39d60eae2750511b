import { setTimeout as sleep } from 'node:timers/promises';

/** Where every stamp comes from, so that a test can own time. */
export interface Clock {
  /** Milliseconds since the Unix epoch. */
  now(): number;
  /**
   * Milliseconds since some moment of this process. What is measured with it does not jump when the time of day is set.
   */
  monotonic(): number;
  /** Ends early, without an error, when the signal is aborted. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}

export const systemClock: Clock = {
  // Looked up at each call, so that a test can own even the time of day of a whole process.
  now: () => Date.now(),
  monotonic: () => performance.now(),
  sleep: (ms, signal) => (signal ? sleepUntilAborted(ms, signal) : sleep(ms)),
};

async function sleepUntilAborted(ms: number, signal: AbortSignal): Promise<void> {
  try {
    await sleep(ms, undefined, { signal });
  } catch (error) {
    if (!signal.aborted) throw error;
  }
}
