import type { MiddlewareHandler } from 'hono';
import { DomainError } from '@terse/core/errors';

export interface ShedLoadOptions {
  /** How hard the process is pressed, from 0 to 1. */
  readonly pressure: () => number;
  /** At this pressure and above nothing is taken. */
  readonly maxPressure: number;
  /** How many requests may be under way at once. */
  readonly maxConcurrent: number;
  readonly onShed: () => void;
}

/**
 * Turns requests away while the process has more to do than it can: what is less urgent than a redirect must not hold one
 * up. @throws DomainError `overloaded`.
 */
export function shedLoad(options: ShedLoadOptions): MiddlewareHandler {
  const { pressure, maxPressure, maxConcurrent, onShed } = options;
  let underWay = 0;
  return async (_c, next) => {
    if (underWay >= maxConcurrent || pressure() >= maxPressure) {
      onShed();
      throw new DomainError('overloaded', 'There is too much to do right now. Try again shortly.');
    }
    underWay++;
    try {
      await next();
    } finally {
      underWay--;
    }
  };
}
