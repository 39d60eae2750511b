import { setTimeout as sleep } from 'node:timers/promises';
import type { FunctionProcess } from '../../harness/processes/function-process.ts';
import type { MeasuredDeployment } from '../deployment.ts';
import type { Load } from './load.ts';

const SETTLE_MS = 100;

/** Holds a redirect to its word: every visit that it answered is stored, and nothing else is. */
export interface Arrivals {
  /** To be told of every load on the redirect. */
  add(load: Load): void;
  /**
   * Waits until every visit on its way is stored, after `beforeStoring`.
   * @throws Error when the numbers do not agree.
   */
  settle(beforeStoring?: () => Promise<void>): Promise<void>;
}

export function expectArrivals(
  deployment: Pick<MeasuredDeployment, 'drain'>,
  redirect: Pick<FunctionProcess, 'metric'>,
  alreadyStored = 0,
): Arrivals {
  let completed = 0;
  let uncounted = 0;
  return {
    add: (load) => {
      completed += load.completed;
      uncounted += load.maxUncounted;
    },
    settle: async (beforeStoring) => {
      const redirected = await settled(() => redirect.metric('redirects_total', 'outcome="redirect"'));
      if (redirected < completed || redirected > completed + uncounted) {
        throw new Error(`${completed} requests were completed, and ${redirected} redirects made.`);
      }
      await beforeStoring?.();
      await deployment.drain(alreadyStored + redirected);
    },
  };
}

/** A number that no longer grows: requests that were under way when the load ended have been answered. */
export async function settled(read: () => Promise<number>): Promise<number> {
  let before = await read();
  for (;;) {
    await sleep(SETTLE_MS);
    const now = await read();
    if (now === before) return now;
    before = now;
  }
}
