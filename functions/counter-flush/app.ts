import type { Hono } from 'hono';
import { z } from 'zod';
import type { CounterService } from '@terse/core/counter-service';
import type { OutboxDrain } from '@terse/core/outbox-drain';
import type { VisitMerger } from '@terse/core/visit-merger';
import { type AppParts, createApp } from '@terse/http/create-app';
import { limitBody, readBody } from '@terse/http/request-body';

export interface CounterFlushDependencies extends AppParts {
  readonly counters: CounterService;
  readonly merger: VisitMerger;
  readonly outboxDrain: OutboxDrain | undefined;
  /** Makes room for the visits of the days to come. */
  readonly preparePartitions: () => Promise<void>;
}

const MAX_BODY_BYTES = 16 * 1024;

/** How long visits may be on their way before a difference between counts and rollups counts as one. */
const SETTLE_MS = 5000;

/** A tick of the schedule. */
const tickSchema = z.discriminatedUnion('task', [
  z.strictObject({ task: z.literal('flush') }),
  z.strictObject({ task: z.literal('maintain'), settle_ms: z.int().min(0).max(60_000).default(SETTLE_MS) }),
]);

export type Tick = z.input<typeof tickSchema>;

/** Brings counts and rollups up to date and empties the outbox: `flush` every few seconds, `maintain` at start and every hour. */
export function createCounterFlushApp(dependencies: CounterFlushDependencies): Hono {
  const { counters, merger, outboxDrain, preparePartitions, log } = dependencies;
  const app = createApp(dependencies);

  app.post('/.events', limitBody(MAX_BODY_BYTES), async (c) => {
    const tick = await readBody(c, tickSchema);
    const flushed = await counters.flush();
    const corrected = tick.task === 'maintain' ? await maintain(tick.settle_ms) : 0;
    const drained = await drain();
    return c.json({ flushed, corrected, drained, merged: await merger.merge() });
  });

  /** While the queue is down the rest of a tick counts all the same. */
  async function drain(): Promise<number> {
    try {
      return (await outboxDrain?.drain()) ?? 0;
    } catch (error) {
      log.error({ err: error }, 'the outbox of visits could not be drained, and waits for the next tick');
      return 0;
    }
  }

  async function maintain(settleMs: number): Promise<number> {
    await preparePartitions();
    return counters.reconcile(settleMs);
  }

  return app;
}
