import { type Backoff, backoffMs } from './backoff.ts';
import type { Clock } from './clock.ts';

export interface RetryOptions {
  readonly clock: Pick<Clock, 'sleep'>;
  readonly onFailure: (error: unknown) => void;
  readonly backoff?: Backoff;
  /** Ends the attempts. No attempt but the first begins after it. */
  readonly signal?: AbortSignal;
}

const BACKOFF: Backoff = { firstMs: 50, maxMs: 2000 };

/**
 * Tries until an attempt succeeds, after growing waits. It must be safe to do twice.
 * @returns whether it succeeded before the signal ended it.
 */
export async function retryUntilDone(
  attempt: () => Promise<void>,
  { clock, onFailure, backoff = BACKOFF, signal }: RetryOptions,
): Promise<boolean> {
  for (let failures = 0; ; failures++) {
    try {
      await attempt();
      return true;
    } catch (error) {
      onFailure(error);
    }
    if (signal?.aborted) return false;
    await clock.sleep(backoffMs(failures, backoff), signal);
  }
}
