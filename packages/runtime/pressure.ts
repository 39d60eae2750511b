/** How hard a process is pressed: 0 is not at all, 1 as much as it can bear. */
export type Pressure = () => number;

const LOOK_EVERY_MS = 100;
/** A callback that waits this long for its turn, time and again, is what visitors feel. */
const UNBEARABLE_LAG_MS = 400;
const WEIGHT_OF_NEWEST = 0.5;

/** Measures how late the event loop is: a timer that is due says it, ten times a second, smoothed. */
export function createEventLoopPressure(): Pressure {
  let lagMs = 0;
  let lookedAt = performance.now();
  setInterval(() => {
    const now = performance.now();
    const newest = Math.max(0, now - lookedAt - LOOK_EVERY_MS);
    lagMs += (newest - lagMs) * WEIGHT_OF_NEWEST;
    lookedAt = now;
  }, LOOK_EVERY_MS).unref();
  return () => Math.min(1, lagMs / UNBEARABLE_LAG_MS);
}
