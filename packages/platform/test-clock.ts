import type { Clock } from './clock.ts';

export interface TestClock extends Clock {
  advance(ms: number): void;
  /** Sets the time of day, as an administrator or NTP does. Monotonic time does not change. */
  jump(ms: number): void;
}

/** A clock that moves only by `advance`, `jump` and `sleep`. Sleeping takes no real time. */
export function createTestClock(start = Date.UTC(2026, 10, 24, 12)): TestClock {
  let elapsed = 0;
  let jumped = 0;
  return {
    now: () => start + elapsed + jumped,
    monotonic: () => start + elapsed,
    sleep: (ms) => {
      elapsed += ms;
      return new Promise((resolve) => {
        setImmediate(resolve);
      });
    },
    advance: (ms) => {
      elapsed += ms;
    },
    jump: (ms) => {
      jumped += ms;
    },
  };
}
