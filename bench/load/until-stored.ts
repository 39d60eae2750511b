import { setTimeout as sleep } from 'node:timers/promises';

const POLL_MS = 100;
const PATIENCE_MS = 20_000;

/**
 * Waits until exactly so many visits are stored, or counted, as `countStored` says.
 * @throws Error when there are more, or when none comes for 20 seconds.
 */
export async function untilStored(visits: number, countStored: () => Promise<number>): Promise<void> {
  let before = -1;
  let deadline = performance.now() + PATIENCE_MS;
  for (;;) {
    const stored = await countStored();
    if (stored === visits) return;
    if (stored > visits) throw new Error(`${stored} visits arrived, and only ${visits} were made.`);
    if (stored > before) deadline = performance.now() + PATIENCE_MS;
    if (performance.now() > deadline) {
      throw new Error(`Of ${visits} visits only ${stored} arrived, and no more come.`);
    }
    before = stored;
    await sleep(POLL_MS);
  }
}
