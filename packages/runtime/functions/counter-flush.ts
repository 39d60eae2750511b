import { type CountReconciliation, createCountReconciliation } from '@terse/core/counts/count-reconciliation';
import { type CountService, createCountService } from '@terse/core/counts/count-service';
import { createRollupMerger, type RollupMerger } from '@terse/core/stats/rollup-merger';
import { createOverflowDrain, type OverflowDrain } from '@terse/core/visits/overflow-drain';
import { createCountDifferenceRepository } from '@terse/repository/count-difference-repository';
import { createCounterRepository } from '@terse/repository/counter-repository';
import type { OpenDatabase } from '@terse/repository/open-database';
import { createRollupRepository } from '@terse/repository/rollup-repository';
import { createVisitRepository } from '@terse/repository/visit-repository';
import type { Context } from '../context.ts';
import { type Opened, opened } from '../opened.ts';
import {
  openServedDatabase,
  openQueue,
  openStore,
  type Queue,
  type Store,
} from '../services/open-services.ts';
import { createReadinessGate } from '../telemetry/readiness.ts';

/** How many batches of deltas are merged in one statement. */
const BATCHES_AT_ONCE = 200;

/** How many links a tick looks at for counts that are ahead. */
const LINKS_AT_ONCE = 10_000;

export interface CounterFlushServices {
  readonly counters: CountService;
  readonly reconciliation: CountReconciliation;
  readonly merger: RollupMerger;
  /** `undefined` without an overflow queue. */
  readonly overflowDrain: OverflowDrain | undefined;
  preparePartitions(): Promise<void>;
}

export async function openCounterFlush(context: Context): Promise<CounterFlushServices & Opened> {
  const database = await openServedDatabase(context);
  const store = await openStore(context);
  const queue = await openQueue(context);
  const gate = createReadinessGate({
    clock: context.clock,
    probes: { database: database.probe, counter: store.probe, queue: queue.probe },
    // Without the queue it still counts, and the overflow queue waits.
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
  { counter, overflow }: Store,
  queue: Queue,
): CounterFlushServices {
  const { clock, metrics, config } = context;
  const visits = createVisitRepository({ db });
  const differences = createCountDifferenceRepository({ db, clock });
  context.showCountsAhead(differences.ahead);
  return {
    counters: createCountService({
      counter,
      repository: createCounterRepository({ db, clock }),
      clock,
      metrics,
    }),
    reconciliation: createCountReconciliation({
      counter,
      repository: differences,
      backlog: queue,
      overflow,
      clock,
      metrics,
      takeBackAfterMs: config.countTakeBackMs,
      linksAtOnce: LINKS_AT_ONCE,
    }),
    merger: createRollupMerger({
      repository: createRollupRepository({ db }),
      batchesAtOnce: BATCHES_AT_ONCE,
    }),
    overflowDrain: overflow && createOverflowDrain({ overflow, publisher: queue, metrics }),
    preparePartitions: () => visits.preparePartitions(new Date(clock.now())),
  };
}
