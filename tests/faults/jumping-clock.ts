import { DAY_MS } from '@terse/platform/durations';

/**
 * Preloaded, makes the time of day of a process jump by days, forwards and back, several times a second: as a wrong
 * clock, a suspended machine or an administrator does, but more often.
 */
const JUMPS_MS = [0, DAY_MS, -DAY_MS, 0, -400 * DAY_MS, 3 * DAY_MS];
const EVERY_MS = 200;

const now = Date.now;
let jumps = 0;
setInterval(() => jumps++, EVERY_MS).unref();
Date.now = () => now() + (JUMPS_MS[jumps % JUMPS_MS.length] ?? 0);
