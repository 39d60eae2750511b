/** How hard a process is pressed: 0 is not at all, 1 as much as it can bear. */
export type Pressure = () => number;

const LOOK_EVERY_MS = 100;
const LOOKS = 5;
/** A callback that waits this long for its turn, time after time, is what visitors feel. */
const UNBEARABLE_LAG_MS = 400;

/**
 * Measures how late the event loop is: a timer that is due says it, ten times a second. What counts is the least of the
 * last five, for a single long step, such as starting, is no pressure.
 */
export function createEventLoopPressure(): Pressure {
  const lagsMs = Array.from({ length: LOOKS }, () => 0);
  let lookedAt = performance.now();
  setInterval(() => {
    const now = performance.now();
    lagsMs.shift();
    lagsMs.push(Math.max(0, now - lookedAt - LOOK_EVERY_MS));
    lookedAt = now;
  }, LOOK_EVERY_MS).unref();
  return () => Math.min(1, Math.min(...lagsMs) / UNBEARABLE_LAG_MS);
}
