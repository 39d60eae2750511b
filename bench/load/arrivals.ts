import { setTimeout as sleep } from 'node:timers/promises';
import type { FunctionProcess } from '../../harness/processes/function-process.ts';
import type { MeasuredDeployment } from '../deployment.ts';
import type { Load } from './load.ts';

const POLL_MS = 100;

/** Checks that every visit that a redirect answered is stored, and no other. */
export interface Arrivals {
  /** Adds a load on the redirect; every load is to be added. */
  add(load: Load): void;
  /**
   * Runs `beforeStoring`, then waits until every answered visit is stored.
   * @throws Error when the numbers do not agree.
   */
  verify(beforeStoring?: () => Promise<void>): Promise<void>;
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
    verify: async (beforeStoring) => {
      const redirected = await steady(() => redirect.metric('redirects_total', 'outcome="redirect"'));
      if (redirected < completed || redirected > completed + uncounted) {
        throw new Error(`${completed} requests were completed, and ${redirected} redirects made.`);
      }
      await beforeStoring?.();
      await deployment.drain(alreadyStored + redirected);
    },
  };
}

/** Reads a number until it grows no more, because the last requests of a load have been answered. */
export async function steady(read: () => Promise<number>): Promise<number> {
  let before = await read();
  for (;;) {
    await sleep(POLL_MS);
    const now = await read();
    if (now === before) return now;
    before = now;
  }
}
