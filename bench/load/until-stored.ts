import { setTimeout as sleep } from 'node:timers/promises';

const POLL_MS = 100;
const PATIENCE_MS = 20_000;

/**
 * Waits until `countStored` returns exactly so many visits.
 * @throws Error when it returns more, or none arrives for 20 seconds.
 */
export async function untilStored(visits: number, countStored: () => Promise<number>): Promise<void> {
  let before = -1;
  let deadline = performance.now() + PATIENCE_MS;
  for (;;) {
    const stored = await countStored();
    if (stored === visits) return;
    if (stored > visits) throw new Error(`${stored} visits arrived, but only ${visits} were made.`);
    if (stored > before) deadline = performance.now() + PATIENCE_MS;
    if (performance.now() > deadline) {
      throw new Error(`Only ${stored} of ${visits} visits arrived, and no more come.`);
    }
    before = stored;
    await sleep(POLL_MS);
  }
}
