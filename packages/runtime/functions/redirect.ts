import { createLinkResolver, type LinkResolver } from '@terse/core/links/resolver/link-resolver';
import type { Journal } from '@terse/core/visits/ports';
import type { VisitRecorder } from '@terse/core/visits/visit-recorder';
import type { OpenDatabase } from '@terse/repository/open-database';
import { createLinkRepository } from '@terse/repository/link-repository';
import type { Context } from '../context.ts';
import { createGuard } from '../services/guard.ts';
import { openJournal } from '../services/journal.ts';
import { type Opened, opened } from '../opened.ts';
import {
  openServedDatabase,
  openQueue,
  openStore,
  type Queue,
  type Store,
} from '../services/open-services.ts';
import { createReadinessGate } from '../telemetry/readiness.ts';
import { recorderOn } from '../visit-recording.ts';

/** The longest time that a visitor waits for the cache. */
const CACHE_TIMEOUT_MS = 50;
/** The longest time that a visitor waits for the database. The statement goes on until its own limit cancels it. */
const DATABASE_TIMEOUT_MS = 250;

export interface RedirectServices {
  readonly resolver: LinkResolver;
  readonly recorder: VisitRecorder;
}

export async function openRedirect(context: Context): Promise<RedirectServices & Opened> {
  const database = await openServedDatabase(context);
  const store = await openStore(context);
  const queue = await openQueue(context);
  const journal = openJournal(context);
  context.showRedisUsedBytes(store.usedBytes);
  const gate = createReadinessGate({
    clock: context.clock,
    probes: { database: database.probe, cache: store.probe, queue: queue.probe, ...journal?.probes },
    // Either of them finds links, and the recorder waits for the queue.
    isEnough: ({ database, cache }) => Boolean(database) || Boolean(cache),
  });
  return {
    ...redirectOn(context, database, store, queue, journal),
    ...opened(context, gate, [queue, store, database]),
  };
}

export function redirectOn(
  context: Context,
  { db }: OpenDatabase,
  store: Store,
  queue: Queue,
  journal: Journal | undefined,
): RedirectServices {
  const { clock, metrics } = context;
  const links = createLinkRepository({ db, clock });
  // A guard each: a slow one must not hold up what the other could answer.
  const askCache = createGuard({ maxConcurrent: 500, maxWaiting: 500 });
  const askDatabase = createGuard({
    timeoutMs: DATABASE_TIMEOUT_MS,
    maxConcurrent: 100,
    maxWaiting: 1000,
  });
  return {
    resolver: createLinkResolver({
      cache: store.cacheBehind(askCache, CACHE_TIMEOUT_MS),
      repository: { findAll: (codes) => askDatabase(() => links.findAll(codes)) },
      clock,
      metrics,
    }),
    recorder: recorderOn(context, store, queue, journal),
  };
}
