import { bulkhead, BulkheadRejectedError } from 'cockatiel';
import type { MiddlewareHandler } from 'hono';
import { DomainError } from '@terse/core/errors';

export interface ShedLoadOptions {
  /** How loaded the process is, from 0 to 1. */
  readonly pressure: () => number;
  /** At this pressure and above, every request is turned away. */
  readonly maxPressure: number;
  /** How many requests may be under way at once, and how many may wait for their turn. */
  readonly maxConcurrent: number;
  readonly maxWaiting: number;
  readonly onShed: () => void;
}

/**
 * Turns requests away while the process has more to do than it can, so that they do not hold up redirects.
 * @throws DomainError `overloaded`.
 */
export function shedLoad(options: ShedLoadOptions): MiddlewareHandler {
  const { pressure, maxPressure, maxConcurrent, maxWaiting, onShed } = options;
  const room = bulkhead(maxConcurrent, maxWaiting);

  function refuse(): never {
    onShed();
    throw new DomainError('overloaded', 'There is too much to do right now. Try again shortly.');
  }

  return async (_c, next) => {
    if (pressure() >= maxPressure) refuse();
    try {
      await room.execute(next);
    } catch (error) {
      if (error instanceof BulkheadRejectedError) refuse();
      throw error;
    }
  };
}
