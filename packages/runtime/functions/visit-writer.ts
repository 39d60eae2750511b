import type { DeadLetters, Subscriber } from '@terse/core/visits/ports';
import { createStorageWatch, type StorageWatch } from '@terse/core/visits/writer/storage-watch';
import { createVisitWriter, type VisitWriter } from '@terse/core/visits/writer/visit-writer';
import type { OpenDatabase } from '@terse/repository/open-database';
import { createVisitRepository } from '@terse/repository/visit-repository';
import type { Context } from '../context.ts';
import { type Opened, opened } from '../opened.ts';
import { openServedDatabase, openQueue, type Queue } from '../services/open-services.ts';
import { createReadinessGate } from '../telemetry/readiness.ts';

export interface VisitWriterServices {
  readonly writer: VisitWriter;
  readonly subscriber: Subscriber;
  readonly deadLetters: DeadLetters;
}

export async function openVisitWriter(context: Context): Promise<VisitWriterServices & Opened> {
  const database = await openServedDatabase(context);
  const queue = await openQueue(context);
  const watch = createStorageWatch(context);
  const gate = createReadinessGate({
    clock: context.clock,
    probes: {
      database: database.probe,
      queue: queue.probe,
      storage: () =>
        watch.isStalled() ? Promise.reject(new Error('No visit is stored.')) : Promise.resolve(),
    },
  });
  context.showVisitQueue(queue);
  return { ...visitWriterOn(context, database, queue, watch), ...opened(context, gate, [queue, database]) };
}

export function visitWriterOn(
  context: Context,
  { db }: OpenDatabase,
  queue: Queue,
  watch: StorageWatch,
): VisitWriterServices {
  const repository = createVisitRepository({ db });
  context.showVisitStorage(queue, watch);
  return {
    writer: createVisitWriter({ repository, queue, watch, metrics: context.metrics }),
    subscriber: queue,
    deadLetters: queue,
  };
}
