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
  /** Makes room for the visits of the days to come. */
  readonly preparePartitions: () => Promise<void>;
}

const MAX_BODY_BYTES = 16 * 1024;

/** How long a count must be behind. A redirect adds what it has within four seconds after its counter is back. */
const SETTLE_MS = 8000;

const grace_ms = z.int().min(0).max(60_000).default(SETTLE_MS);

/** A tick of the schedule. */
const tickSchema = z.discriminatedUnion('task', [
  z.strictObject({ task: z.literal('count') }),
  z.strictObject({ task: z.literal('flush'), grace_ms }),
  z.strictObject({ task: z.literal('maintain'), grace_ms }),
]);

export type Tick = z.input<typeof tickSchema>;

/**
 * Brings counts and rollups up to date and empties the overflow: `flush` every few seconds, `maintain` at start and
 * every hour. `count`, the last tick of a process, only brings counts to the links. Each part of a tick fails alone.
 * Answers with what was done, as 503 when a part failed; the next tick tries that part again. An aborted tick leaves
 * its remaining parts to the next one.
 */
export function createCounterFlushApp(dependencies: CounterFlushDependencies): Hono {
  const { counters, reconciliation, merger, overflowDrain, preparePartitions, log } = dependencies;
  const app = createApp(dependencies);

  app.post('/.events', limitBody(MAX_BODY_BYTES), async (c) => {
    const tick = await readBody(c, tickSchema);
    const { signal } = c.req.raw;
    const failed: string[] = [];

    async function attempt(part: string, work: () => Promise<number>): Promise<number> {
      try {
        return await work();
      } catch (error) {
        log.error({ err: error, part }, 'a part of a tick failed, and waits for the next one');
        failed.push(part);
        return 0;
      }
    }

    function attemptLater(part: string, work: () => Promise<number>): Promise<number> {
      return signal.aborted ? Promise.resolve(0) : attempt(part, work);
    }

    if (tick.task === 'maintain') await attempt('partitions', () => preparePartitions().then(() => 0));
    const flushed = await attempt('flush', counters.flush);
    if (tick.task === 'count') return c.json({ flushed, failed }, failed.length > 0 ? 503 : 200);
    if (!failed.includes('flush')) await attemptLater('prune', counters.prune);
    const drained = await attemptLater('drain', async () => (await overflowDrain?.drain()) ?? 0);
    const merged = await attemptLater('merge', () => merger.merge(signal));
    const restored = await attemptLater('restore', () => reconciliation.restore(tick.grace_ms, signal));
    const takenBack = await attemptLater('take back', takeBack);
    const done = { flushed, drained, merged, corrected: restored + takenBack, failed };
    return c.json(done, failed.length > 0 ? 503 : 200);
  });

  async function takeBack(): Promise<number> {
    const taken = await reconciliation.takeBack();
    if (taken.links > 0) {
      log.error({ ...taken }, 'counts were ahead for too long and are taken back: visits were lost');
    }
    return taken.links;
  }

  return app;
}
