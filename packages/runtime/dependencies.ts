import { type ApiKeyService, createApiKeyService } from '@terse/core/api-key-service';
import { type Clock, systemClock } from '@terse/core/clock';
import { type CountReconciliation, createCountReconciliation } from '@terse/core/count-reconciliation';
import { type CounterService, createCounterService } from '@terse/core/counter-service';
import { createLinkResolver, type LinkResolver } from '@terse/core/link-resolver';
import { ownUrls } from '@terse/core/own-urls';
import { createOutboxDrain, type OutboxDrain } from '@terse/core/outbox-drain';
import { createStorageWatch, type StorageWatch } from '@terse/core/storage-watch';
import { createStatsService, type StatsService } from '@terse/core/stats-service';
import { createUrlService, type UrlService } from '@terse/core/url-service';
import { createVisitMerger, type VisitMerger } from '@terse/core/visit-merger';
import type { VisitRecorder } from '@terse/core/visit-recorder';
import { createVisitWriter, type VisitWriter } from '@terse/core/visit-writer';
import type { Journal } from '@terse/queue/journal';
import type { DeadLetters, Subscriber } from '@terse/queue/queue';
import type { DeadLetterBox } from '@terse/queue/rabbitmq-dead-letters';
import { createApiKeyRepository } from '@terse/repository/api-key-repository';
import { createCountDifferenceRepository } from '@terse/repository/count-difference-repository';
import { createCounterRepository } from '@terse/repository/counter-repository';
import { ensureLogins } from '@terse/repository/logins';
import { migrate } from '@terse/repository/migrate';
import type { OpenDatabase } from '@terse/repository/open-database';
import { createRollupRepository } from '@terse/repository/rollup-repository';
import { createUrlRepository } from '@terse/repository/url-repository';
import { createVisitRepository } from '@terse/repository/visit-repository';
import { type Config, type FunctionName, type Origins, readConfig } from './config.ts';
import { listeningHosts } from './listening-hosts.ts';
import { errorText } from './error-text.ts';
import { createGuard } from './guard.ts';
import { refuseDatabaseFolder } from './embedded-database.ts';
import { type OpenJournal, openJournal, refuseJournalFolder } from './journal.ts';
import { createLog, type Logger } from './log.ts';
import {
  openQueue,
  openServedDatabase,
  openStore,
  type PartsContext,
  type Queue,
  type Store,
} from './parts.ts';
import { createEventLoopPressure, type Pressure } from './pressure.ts';
import { createReadinessGate, type ReadinessGate } from './readiness.ts';
import { openStandaloneDatabase } from './standalone-database.ts';
import { createTelemetry, type Telemetry } from './telemetry.ts';
import { recorderOn } from './visit-recording.ts';
import { explainOutage, withDatabase } from './with-database.ts';

/** What a visitor waits for at most. */
const CACHE_TIMEOUT_MS = 50;
const DATABASE_TIMEOUT_MS = 250;

/** How many batches of tallies are merged in one statement. */
const BATCHES_AT_ONCE = 200;

/** How many links a tick looks at for counts that are ahead. */
const LINKS_AT_ONCE = 10_000;

/** What every function has before it opens any part. */
export interface Context extends PartsContext, Telemetry {
  /** How late the event loop is. */
  readonly eventLoopPressure: Pressure;
}

/** @throws ConfigError with every setting that is wrong. */
export function createContext(
  name: FunctionName,
  config: Config = readConfig(name),
  clock: Clock = systemClock,
): Context {
  return {
    name,
    config,
    clock,
    log: createLog(config.logLevel),
    eventLoopPressure: createEventLoopPressure(),
    ...createTelemetry(),
  };
}

/** Parts that are open. */
export interface Opened extends Pick<Telemetry, 'metrics' | 'metricsText'> {
  /** What makes redirects slow in this process; everything else gives way to it. */
  readonly pressure: Pressure;
  readonly log: Logger;
  readonly readiness: ReadinessGate['readiness'];
  /** Whether a rollout may go on with this process; stays true once it is. */
  readonly started: ReadinessGate['started'];
  /** Becomes unready, and resolves when balancers have had the time to notice. */
  turnAway(): Promise<void>;
  /** Gives the parts back. The services on them must be at rest. */
  close(): Promise<void>;
}

export interface RedirectServices {
  readonly resolver: LinkResolver;
  readonly recorder: VisitRecorder;
}

export interface ApiServices {
  readonly apiKeys: ApiKeyService;
}

export interface LinksServices extends ApiServices {
  readonly urls: UrlService;
  readonly baseUrl: URL;
  readonly maxBodyBytes: number;
}

export interface StatsServices extends ApiServices {
  readonly stats: StatsService;
}

export interface VisitWriterServices {
  readonly writer: VisitWriter;
  readonly subscriber: Subscriber;
  readonly deadLetters: DeadLetters;
}

export interface CounterFlushServices {
  readonly counters: CounterService;
  readonly reconciliation: CountReconciliation;
  readonly merger: VisitMerger;
  /** Only where there is an outbox. */
  readonly outboxDrain: OutboxDrain | undefined;
  preparePartitions(): Promise<void>;
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

export async function openLinks(context: Context): Promise<LinksServices & Opened> {
  const database = await openServedDatabase(context);
  const store = await openStore(context);
  const gate = createReadinessGate({
    clock: context.clock,
    probes: { database: database.probe, cache: store.probe },
    isEnough: ({ database }) => Boolean(database),
  });
  return { ...linksOn(context, database, store), ...opened(context, gate, [store, database]) };
}

export async function openStats(context: Context): Promise<StatsServices & Opened> {
  const database = await openServedDatabase(context, 'read');
  const gate = createReadinessGate({ clock: context.clock, probes: { database: database.probe } });
  return { ...statsOn(context, database), ...opened(context, gate, [database]) };
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

export async function openCounterFlush(context: Context): Promise<CounterFlushServices & Opened> {
  const database = await openServedDatabase(context);
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

/** @throws Error when the broker cannot be reached. */
export async function openDeadLetters({ config }: Context): Promise<DeadLetterBox> {
  if (config.queue.kind !== 'rabbitmq') throw new Error('Dead letters are kept by RabbitMQ only.');
  const { openDeadLetterBox } = await import('@terse/queue/rabbitmq-dead-letters');
  return openDeadLetterBox({ url: config.queue.url });
}

/** The gateway opens no part: it only has to know where the functions are. */
export function openGateway(context: Context): Opened & { readonly origins: Origins } {
  const { origins } = context.config;
  if (!origins) throw new Error('The gateway was not told where the functions are.');
  return { ...opened(context, createReadinessGate({ clock: context.clock, probes: {} }), []), origins };
}

/**
 * Brings the schema up to date, and the logins that the settings name.
 * @returns the names of the migrations that were applied.
 */
export async function migrateDatabase(context: Context): Promise<string[]> {
  return withDatabase(context, async ({ db }) => {
    const applied = await migrate(db);
    await ensureLogins(db, context.config.logins);
    return applied;
  });
}

export interface StandaloneServices
  extends RedirectServices, LinksServices, StatsServices, VisitWriterServices, CounterFlushServices {
  /** Why the database cannot be used now, in one line; `undefined` when it can. */
  databaseFault(): Promise<string | undefined>;
}

/**
 * Every service, on one set of parts.
 * @throws Error in one line when the data folder is in use by another process, or the database cannot be opened.
 */
export async function openStandalone(context: Context): Promise<StandaloneServices & Opened> {
  // A start that will be refused makes neither folder.
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
  const parts = opened(
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
    ...parts,
    databaseFault: () =>
      database.probe().then(
        () => undefined,
        async (error: unknown) => errorText(await explainOutage(error, context.config)),
      ),
    pressure: () => Math.max(context.eventLoopPressure(), redirect.recorder.fill()),
  };
}

function opened(context: Context, gate: ReadinessGate, parts: readonly { close(): Promise<void> }[]): Opened {
  const { log, metrics, metricsText, clock, config } = context;
  context.showUnreachedParts(gate.unreached);
  return {
    log,
    metrics,
    metricsText,
    pressure: context.eventLoopPressure,
    readiness: gate.readiness,
    started: gate.started,
    turnAway: () => {
      gate.stop();
      return clock.sleep(config.stopDelayMs);
    },
    close: async () => {
      for (const part of parts) await part.close();
    },
  };
}

function redirectOn(
  context: Context,
  { db }: OpenDatabase,
  store: Store,
  queue: Queue,
  journal: Journal | undefined,
): RedirectServices {
  const { clock, metrics } = context;
  const urls = createUrlRepository({ db, clock });
  // A guard each: a part that is slow must not hold up what the other one could answer.
  const askCache = createGuard({ timeoutMs: CACHE_TIMEOUT_MS, maxConcurrent: 500, maxWaiting: 500 });
  const askDatabase = createGuard({
    timeoutMs: DATABASE_TIMEOUT_MS,
    maxConcurrent: 100,
    maxWaiting: 1000,
  });
  return {
    resolver: createLinkResolver({
      cache: store.cacheBehind(askCache),
      repository: { findAll: (codes) => askDatabase(() => urls.findAll(codes)) },
      clock,
      metrics,
    }),
    recorder: recorderOn(context, store, queue, journal),
  };
}

function apiOn({ config, clock }: Context, { db }: OpenDatabase): ApiServices {
  const repository = createApiKeyRepository({ db, clock });
  return { apiKeys: createApiKeyService({ repository, adminKey: config.adminApiKey, clock }) };
}

function linksOn(context: Context, database: OpenDatabase, { cache, counter }: Store): LinksServices {
  const { clock, metrics, config } = context;
  const repository = createUrlRepository({ db: database.db, clock });
  const { baseUrl, host, port, maxBodyBytes } = config;
  const isOwnUrl = ownUrls({ baseUrl, port, hosts: listeningHosts(host) });
  return {
    ...apiOn(context, database),
    urls: createUrlService({ repository, cache, counter, clock, metrics, isOwnUrl }),
    baseUrl,
    maxBodyBytes,
  };
}

function statsOn(context: Context, database: OpenDatabase): StatsServices {
  const { clock } = context;
  const { db } = database;
  const urls = createUrlRepository({ db, clock });
  return {
    ...apiOn(context, database),
    stats: createStatsService({
      urls,
      rollups: createRollupRepository({ db }),
      visits: createVisitRepository({ db }),
      clock,
    }),
  };
}

function visitWriterOn(
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

function counterFlushOn(
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
