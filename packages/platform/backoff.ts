import { halfJitterGenerator } from 'cockatiel';

export interface Backoff {
  /** The first wait at most. */
  readonly firstMs: number;
  /** Any wait at most. */
  readonly maxMs: number;
}

/**
 * Returns how long to wait before the next attempt, in milliseconds. The wait doubles with each failure; the second
 * half of it is random, so that processes that failed together do not come back together.
 * @param failures how many in a row came before this one.
 */
export function backoffMs(failures: number, { firstMs, maxMs }: Backoff): number {
  const options = { generator: halfJitterGenerator, exponent: 2, initialDelay: firstMs, maxDelay: maxMs };
  return halfJitterGenerator(failures, options)[0];
}
