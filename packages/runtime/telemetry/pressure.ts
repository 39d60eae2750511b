/** How loaded a process is, from 0 (not at all) to 1 (as much as it can bear). */
export type Pressure = () => number;

const LOOK_EVERY_MS = 100;
const LOOKS = 5;
/** Visitors notice when callbacks are late by this much again and again. */
const UNBEARABLE_LAG_MS = 400;

/**
 * Measures how late the event loop runs a timer, ten times a second. The shortest of the last five lags counts, because
 * a single long step, such as starting, is no pressure.
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
