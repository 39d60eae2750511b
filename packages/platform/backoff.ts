import { halfJitterGenerator } from 'cockatiel';

export interface Backoff {
  /** The longest first wait. */
  readonly firstMs: number;
  /** The longest of all waits. */
  readonly maxMs: number;
}

/**
 * Returns how long to wait before the next attempt, in milliseconds. The wait doubles with each failure; the second
 * half of it is random, so that processes that failed together do not come back together.
 * @param failures in a row before this one.
 */
export function backoffMs(failures: number, { firstMs, maxMs }: Backoff): number {
  const options = { generator: halfJitterGenerator, exponent: 2, initialDelay: firstMs, maxDelay: maxMs };
  return halfJitterGenerator(failures, options)[0];
}
