import type { Hono } from 'hono';
import { z } from '@terse/platform/zod';
import type { CountReconciliation } from '@terse/core/counts/count-reconciliation';
import type { CountService } from '@terse/core/counts/count-service';
import type { OverflowDrain } from '@terse/core/visits/overflow-drain';
import type { RollupMerger } from '@terse/core/stats/rollup-merger';
import { type AppDependencies, createApp } from '@terse/http/create-app';
import { limitBody, readBody } from '@terse/http/request-body';

export interface CounterFlushDependencies extends AppDependencies {
  readonly counters: CountService;
  readonly reconciliation: CountReconciliation;
  readonly merger: RollupMerger;
  readonly overflowDrain: OverflowDrain | undefined;
  /** Creates the partitions for the visits of the coming days. */
  readonly preparePartitions: () => Promise<void>;
}

const MAX_BODY_BYTES = 16 * 1024;

/**
 * How long a count must be behind before a tick corrects it. A redirect adds its counts within four seconds of the
 * return of its counter.
 */
const GRACE_MS = 8000;

const grace_ms = z.int().min(0).max(60_000).default(GRACE_MS);

/** A tick of the schedule. */
const tickSchema = z.discriminatedUnion('task', [
  z.strictObject({ task: z.literal('count') }),
  z.strictObject({ task: z.literal('flush'), grace_ms }),
  z.strictObject({ task: z.literal('maintain'), grace_ms }),
]);

export type Tick = z.input<typeof tickSchema>;

/**
 * Brings counts and rollups up to date and empties the overflow queue: `flush` every few seconds, `maintain` at start
 * and every hour. `count`, the last tick of a process, only adds counts to the links. Each step of a tick fails alone.
 * Answers with what was done, as 503 when a step failed; the next tick tries that step again. An aborted tick leaves
 * its remaining steps to the next one.
 */
export function createCounterFlushApp(dependencies: CounterFlushDependencies): Hono {
  const { counters, reconciliation, merger, overflowDrain, preparePartitions, log } = dependencies;
  const app = createApp(dependencies);

  app.post('/.events', limitBody(MAX_BODY_BYTES), async (c) => {
    const tick = await readBody(c, tickSchema);
    const { signal } = c.req.raw;
    const failed: string[] = [];

    async function attempt(step: string, work: () => Promise<number>): Promise<number> {
      try {
        return await work();
      } catch (error) {
        log.error({ err: error, step }, 'a step of a tick failed; the next tick tries it again');
        failed.push(step);
        return 0;
      }
    }

    function attemptUnlessAborted(step: string, work: () => Promise<number>): Promise<number> {
      return signal.aborted ? Promise.resolve(0) : attempt(step, work);
    }

    if (tick.task === 'maintain') await attempt('partitions', () => preparePartitions().then(() => 0));
    const flushed = await attempt('flush', counters.flush);
    if (tick.task === 'count') return c.json({ flushed, failed }, failed.length > 0 ? 503 : 200);
    if (!failed.includes('flush')) await attemptUnlessAborted('prune', counters.prune);
    const drained = await attemptUnlessAborted('drain', async () => (await overflowDrain?.drain()) ?? 0);
    const merged = await attemptUnlessAborted('merge', () => merger.merge(signal));
    const restored = await attemptUnlessAborted('restore', () =>
      reconciliation.restore(tick.grace_ms, signal),
    );
    const takenBack = await attemptUnlessAborted('take back', takeBack);
    const done = { flushed, drained, merged, corrected: restored + takenBack, failed };
    return c.json(done, failed.length > 0 ? 503 : 200);
  });

  async function takeBack(): Promise<number> {
    const taken = await reconciliation.takeBack();
    if (taken.links > 0) {
      log.error(
        { ...taken },
        'counts stayed ahead of stored visits for too long and were lowered: visits were lost',
      );
    }
    return taken.links;
  }

  return app;
}
