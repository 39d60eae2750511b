import type { Clock } from './clock.ts';

const FIRST_WAIT_MS = 50;
const MAX_WAIT_MS = 2000;

/** Tries until it succeeds, after growing waits; what is tried must be safe to do twice. */
export async function retryUntilDone(
  attempt: () => Promise<void>,
  clock: Pick<Clock, 'sleep'>,
  onFailure: () => void,
): Promise<void> {
  for (let waitMs = FIRST_WAIT_MS; ; waitMs = Math.min(waitMs * 2, MAX_WAIT_MS)) {
    try {
      await attempt();
      return;
    } catch {
      onFailure();
      await clock.sleep(waitMs * (0.5 + Math.random() / 2));
    }
  }
}
