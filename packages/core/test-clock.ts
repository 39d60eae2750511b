import type { Clock } from './clock.ts';

export interface TestClock extends Clock {
  advance(ms: number): void;
}

/** A clock that stands still until it is told, and on which sleeping takes no time. */
export function createTestClock(start = Date.UTC(2026, 10, 24, 12)): TestClock {
  let now = start;
  return {
    now: () => now,
    sleep: (ms) => {
      now += ms;
      return new Promise((resolve) => {
        setImmediate(resolve);
      });
    },
    advance: (ms) => {
      now += ms;
    },
  };
}
