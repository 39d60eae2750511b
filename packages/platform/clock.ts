import { setTimeout as sleep } from 'node:timers/promises';

/** The source of every time, so that a test can control time. */
export interface Clock {
  /** Milliseconds since the Unix epoch. */
  now(): number;
  /**
   * Milliseconds since some moment of this process. It does not jump when the time of day is set.
   */
  monotonic(): number;
  /** Ends early, without an error, when the signal is aborted. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}

export const systemClock: Clock = {
  // Looked up at each call, so that a test can control the time of day of a whole process.
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
