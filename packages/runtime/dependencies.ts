import { join } from 'node:path';
import { createMemoryCache } from '@terse/cache/memory-cache';
import { createMemoryCounter } from '@terse/cache/memory-counter';
import { type ApiKeyService, createApiKeyService } from '@terse/core/api-key-service';
import { type Clock, systemClock } from '@terse/core/clock';
import { type CounterService, createCounterService } from '@terse/core/counter-service';
import { createLinkResolver, type LinkResolver } from '@terse/core/link-resolver';
import { ownUrls } from '@terse/core/original-url';
import { createStatsService, type StatsService } from '@terse/core/stats-service';
import { createUrlService, type UrlService } from '@terse/core/url-service';
import { createVisitRecorder, type VisitRecorder } from '@terse/core/visit-recorder';
import { createVisitWriter, type VisitWriter } from '@terse/core/visit-writer';
import { createMemoryQueue } from '@terse/queue/memory-queue';
import type { Subscriber } from '@terse/queue/queue';
import { createApiKeyRepository } from '@terse/repository/api-key-repository';
import { createCounterRepository } from '@terse/repository/counter-repository';
import { migrate } from '@terse/repository/migrate';
import { openPglite } from '@terse/repository/pglite';
import { createUrlRepository } from '@terse/repository/url-repository';
import { createVisitRepository } from '@terse/repository/visit-repository';
import type { Config } from './config.ts';
import type { Logger } from './log.ts';
import { createReadinessGate, type ReadinessGate } from './readiness.ts';
import type { Telemetry } from './telemetry.ts';

const CACHED_LINKS = 100_000;
const LINK_TTL_SECONDS = 300;
const ABSENT_TTL_SECONDS = 10;

/** Every service, on the parts that the settings chose. */
export interface Dependencies {
  readonly resolver: LinkResolver;
  readonly recorder: VisitRecorder;
  readonly urls: UrlService;
  readonly apiKeys: ApiKeyService;
  readonly stats: StatsService;
  readonly writer: VisitWriter;
  readonly counters: CounterService;
  readonly subscriber: Subscriber;
  readonly readinessGate: ReadinessGate;
  preparePartitions(): Promise<void>;
  /** Gives the parts back. The services must be at rest. */
  close(): Promise<void>;
}

export interface DependencyOptions {
  readonly config: Config;
  /** Where short URLs begin. */
  readonly baseUrl: URL;
  readonly log: Logger;
  readonly telemetry: Telemetry;
  readonly clock?: Clock;
}

/**
 * Opens the embedded parts, with the schema brought up to date.
 * @throws Error when the data folder is in use by another process or cannot be migrated.
 */
export async function openDependencies(options: DependencyOptions): Promise<Dependencies> {
  const { config, baseUrl, log, clock = systemClock } = options;
  const { metrics } = options.telemetry;
  const database = await openPglite(join(config.dataDirectory, 'postgres'));
  const { db } = database;
  try {
    const applied = await migrate(db);
    if (applied.length > 0) log.info({ applied }, 'database migrated');
  } catch (error) {
    await database.close();
    throw error;
  }

  const urlRepository = createUrlRepository({ db, clock });
  const visitRepository = createVisitRepository({ db });
  const cache = createMemoryCache({
    maxEntries: CACHED_LINKS,
    linkTtlSeconds: LINK_TTL_SECONDS,
    absentTtlSeconds: ABSENT_TTL_SECONDS,
    clock,
  });
  const counter = createMemoryCounter({ clock });
  const queue = createMemoryQueue({
    maxMessages: 1000,
    maxDeadLetters: 1000,
    maxDeliveries: 20,
    retryDelayMs: 1000,
    onDeadLetter: ({ reason, body }) => log.error({ reason, length: body.length }, 'dead letter'),
  });

  return {
    resolver: createLinkResolver({ cache, repository: urlRepository, clock, metrics }),
    recorder: createVisitRecorder({ publisher: queue, counter, clock, metrics }),
    urls: createUrlService({
      repository: urlRepository,
      cache,
      counter,
      metrics,
      isOwnUrl: ownUrls(baseUrl),
      clock,
    }),
    apiKeys: createApiKeyService({
      repository: createApiKeyRepository({ db, clock }),
      adminKey: config.adminApiKey,
    }),
    stats: createStatsService({ urls: urlRepository, visits: visitRepository, clock }),
    writer: createVisitWriter({ repository: visitRepository, deadLetters: queue, metrics }),
    counters: createCounterService({
      counter,
      repository: createCounterRepository({ db, clock }),
      clock,
      metrics,
    }),
    subscriber: queue,
    readinessGate: createReadinessGate({ database: database.probe }),
    preparePartitions: () => visitRepository.preparePartitions(new Date(clock.now())),
    close: database.close,
  };
}
