import { type CountReconciliation, createCountReconciliation } from '@terse/core/counts/count-reconciliation';
import { type CounterService, createCounterService } from '@terse/core/counts/count-service';
import { createVisitMerger, type VisitMerger } from '@terse/core/stats/rollup-merger';
import { createOutboxDrain, type OutboxDrain } from '@terse/core/visits/overflow-drain';
import { createCountDifferenceRepository } from '@terse/repository/count-difference-repository';
import { createCounterRepository } from '@terse/repository/counter-repository';
import type { OpenDatabase } from '@terse/repository/open-database';
import { createRollupRepository } from '@terse/repository/rollup-repository';
import { createVisitRepository } from '@terse/repository/visit-repository';
import type { Context } from '../context.ts';
import { type Opened, opened } from '../opened.ts';
import { openDatabase, openQueue, openStore, type Queue, type Store } from '../parts.ts';
import { createReadinessGate } from '../readiness.ts';

/** How many batches of tallies are merged in one statement. */
const BATCHES_AT_ONCE = 200;

/** How many links a tick looks at for counts that are ahead. */
const LINKS_AT_ONCE = 10_000;

export interface CounterFlushServices {
  readonly counters: CounterService;
  readonly reconciliation: CountReconciliation;
  readonly merger: VisitMerger;
  /** Only where there is an outbox. */
  readonly outboxDrain: OutboxDrain | undefined;
  preparePartitions(): Promise<void>;
}

export async function openCounterFlush(context: Context): Promise<CounterFlushServices & Opened> {
  const database = await openDatabase(context);
  const store = await openStore(context);
  const queue = await openQueue(context);
  const gate = createReadinessGate({
    clock: context.clock,
    probes: { database: database.probe, counter: store.probe, queue: queue.probe },
    // Without the queue it counts all the same, and the outbox waits.
    isEnough: ({ database, counter }) => Boolean(database) && Boolean(counter),
  });
  context.showVisitQueue(queue);
  return {
    ...counterFlushOn(context, database, store, queue),
    ...opened(context, gate, [queue, store, database]),
  };
}

export function counterFlushOn(
  context: Context,
  { db }: OpenDatabase,
  { counter, outbox }: Store,
  queue: Queue,
): CounterFlushServices {
  const { clock, metrics, config } = context;
  const visits = createVisitRepository({ db });
  const differences = createCountDifferenceRepository({ db, clock });
  context.showCountsAhead(differences.ahead);
  return {
    counters: createCounterService({
      counter,
      repository: createCounterRepository({ db, clock }),
      clock,
      metrics,
    }),
    reconciliation: createCountReconciliation({
      counter,
      repository: differences,
      backlog: queue,
      outbox,
      clock,
      metrics,
      takeBackAfterMs: config.countTakeBackMs,
      linksAtOnce: LINKS_AT_ONCE,
    }),
    merger: createVisitMerger({
      repository: createRollupRepository({ db }),
      batchesAtOnce: BATCHES_AT_ONCE,
    }),
    outboxDrain: outbox && createOutboxDrain({ outbox, publisher: queue, metrics }),
    preparePartitions: () => visits.preparePartitions(new Date(clock.now())),
  };
}
