import { createStorageWatch } from '@terse/core/visits/writer/storage-watch';
import type { Context } from '../context.ts';
import { refuseDatabaseFolder } from '../services/embedded-database.ts';
import { type OpenJournal, openJournal, refuseJournalFolder } from '../services/journal.ts';
import { type Opened, opened } from '../opened.ts';
import { openQueue, openStore } from '../services/open-services.ts';
import { errorText } from '../telemetry/error-text.ts';
import { createReadinessGate } from '../telemetry/readiness.ts';
import { openStandaloneDatabase } from '../services/standalone-database.ts';
import { explainOutage } from '../services/with-database.ts';
import { type CounterFlushServices, counterFlushOn } from './counter-flush.ts';
import { type LinksServices, linksOn } from './links.ts';
import { type RedirectServices, redirectOn } from './redirect.ts';
import { type StatsServices, statsOn } from './stats.ts';
import { type VisitWriterServices, visitWriterOn } from './visit-writer.ts';

export interface StandaloneServices
  extends RedirectServices, LinksServices, StatsServices, VisitWriterServices, CounterFlushServices {
  /** In one line, why the database cannot be used now; `undefined` when it can. */
  databaseFault(): Promise<string | undefined>;
}

/**
 * Every service, on one set of backing services.
 * @throws Error in one line when the data folder is in use by another process, or the database cannot be opened.
 */
export async function openStandalone(context: Context): Promise<StandaloneServices & Opened> {
  // Both are checked first, so that a refused start makes neither folder.
  await refuseDatabaseFolder(context.config);
  refuseJournalFolder(context.config);
  const database = await openStandaloneDatabase(context);
  let journal: OpenJournal | undefined;
  try {
    journal = openJournal(context);
  } catch (error) {
    await database.close();
    throw error;
  }
  const store = await openStore(context);
  const queue = await openQueue(context);
  const services = opened(
    context,
    createReadinessGate({
      clock: context.clock,
      probes: { database: database.probe, cache: store.probe, queue: queue.probe, ...journal?.probes },
      // The journal is not required: a redirect also works without a disk.
      isEnough: ({ database, cache, queue }) => Boolean(database) && Boolean(cache) && Boolean(queue),
    }),
    [queue, store, database],
  );
  const redirect = redirectOn(context, database, store, queue, journal);
  context.showVisitQueue(queue);
  return {
    ...redirect,
    ...linksOn(context, database, store),
    ...statsOn(context, database),
    ...visitWriterOn(context, database, queue, createStorageWatch(context)),
    ...counterFlushOn(context, database, store, queue),
    ...services,
    databaseFault: () =>
      database.probe().then(
        () => undefined,
        async (error: unknown) => errorText(await explainOutage(error, context.config)),
      ),
    pressure: () => Math.max(context.eventLoopPressure(), redirect.recorder.fill()),
  };
}
