import { createMemoryCache } from '@terse/cache/memory-cache';
import { createMemoryCounter } from '@terse/cache/memory-counter';
import { createRedisCache } from '@terse/cache/redis-cache';
import type { RedisConnection } from '@terse/cache/redis-connection';
import { createRedisCounter } from '@terse/cache/redis-counter';
import { createRedisOverflowQueue } from '@terse/cache/redis-overflow-queue';
import type { Clock } from '@terse/platform/clock';
import { createMemoryQueue } from '@terse/queue/memory-queue';
import type { OpenDatabase } from '@terse/repository/open-database';
import { openPostgres } from '@terse/repository/postgres';
import type { FunctionManifest } from '@terse/platform/function-manifest';
import type { Config } from '../settings/config.ts';
import type { Guard } from './guard.ts';
import type { Logger } from '../telemetry/log.ts';
import { reportErrorsOf } from './service-errors.ts';
import type { Probe } from '../telemetry/readiness.ts';
import { createSchemaProbe } from './schema-probe.ts';
import { startDatabase } from './embedded-database.ts';
import type { Cache } from '@terse/core/links/ports';
import type { Counter } from '@terse/core/counts/ports';
import type {
  OverflowQueue,
  Backlog,
  DeadLetters,
  Postponer,
  Publisher,
  Subscriber,
} from '@terse/core/visits/ports';

/** What a backing service needs to be opened. */
export interface ServicesContext {
  readonly manifest: FunctionManifest;
  readonly config: Config;
  readonly clock: Clock;
  readonly log: Logger;
}

/** The shared cache, the counter and the overflow queue, which are in the same backing service. */
export interface Store {
  readonly cache: Cache;
  /** The same cache, asked through the guard, with this time limit. */
  cacheBehind(ask: Guard, timeoutMs: number): Cache;
  readonly counter: Counter;
  /** `undefined` where it would not outlive the process. */
  readonly overflow: OverflowQueue | undefined;
  readonly probe: Probe;
  /** How many bytes it uses; `undefined` when it does not say. */
  usedBytes(): Promise<number | undefined>;
  close(): Promise<void>;
}

export interface Queue extends Publisher, Subscriber, Backlog, DeadLetters, Postponer {
  /** Publishes to the same queue, and waits no longer than this for an answer. */
  publisherWithin(timeoutMs: number): Publisher;
  readonly probe: Probe;
  close(): Promise<void>;
}

const CACHED_LINKS = 100_000;
const LIFETIMES = { linkTtlSeconds: 60, absentTtlSeconds: 10 };

/** A guard sets shorter limits where a visitor waits. */
const STORE_TIMEOUT_MS = 2000;

/** @param onOutage runs when the server does not answer, or cannot serve; by default it logs the error. */
export async function openDatabase(
  context: ServicesContext,
  onOutage: (error: unknown) => void = reportErrorsOf('postgres', context),
): Promise<OpenDatabase> {
  const { manifest, config } = context;
  const { database } = config;
  const open = (url: string, prepare = true) =>
    openPostgres({
      url,
      name: `terse-${manifest.name}`,
      poolSize: database.poolSize,
      prepare,
      statementTimeoutMs: manifest.statementTimeoutMs,
      onError: onOutage,
    });
  if (database.kind === 'postgres') {
    return open(manifest.readsReplica ? database.readUrl : database.url, database.prepare);
  }
  const server = await startDatabase(context, database);
  const opened = open(server.url);
  return {
    ...opened,
    close: async () => {
      await opened.close();
      await server.stop();
    },
  };
}

/**
 * Opens the database of a function that waits for it: the probe rejects until the schema is that of this release. It
 * probes at once, so that the log says from the start what is wrong.
 */
export async function openServedDatabase(context: ServicesContext): Promise<OpenDatabase> {
  const database = await openDatabase(context);
  const probe = createSchemaProbe(database, context.log);
  probe().catch(() => {});
  return { ...database, probe };
}

export async function openStore(context: ServicesContext): Promise<Store> {
  const { manifest, clock, config } = context;
  const { store } = config;
  switch (store.kind) {
    case 'memory': {
      const cache = createMemoryCache({ ...LIFETIMES, maxEntries: CACHED_LINKS, clock });
      return {
        cache,
        // It is never slow or down.
        cacheBehind: () => cache,
        counter: createMemoryCounter({ clock }),
        overflow: undefined,
        probe: () => Promise.resolve(),
        usedBytes: () => Promise.resolve(undefined),
        close: () => Promise.resolve(),
      };
    }
    case 'redis': {
      const { openRedisTcp } = await import('@terse/cache/redis-tcp');
      return onRedis(
        openRedisTcp({
          url: store.url,
          name: `terse-${manifest.name}`,
          timeoutMs: STORE_TIMEOUT_MS,
          onError: reportErrorsOf('redis', context),
        }),
        context,
      );
    }
    case 'upstash': {
      const { openRedisRest } = await import('@terse/cache/redis-rest');
      return onRedis(
        openRedisRest({
          url: store.url,
          token: store.token,
          timeoutMs: STORE_TIMEOUT_MS,
          onError: reportErrorsOf('redis', context),
        }),
        context,
      );
    }
  }
}

function onRedis(redis: RedisConnection, { config, log }: ServicesContext): Store {
  const onBroken = (what: readonly string[]) =>
    log.error({ what: what.slice(0, 20) }, 'redis held values that Terse did not write; they are set aside');
  return {
    cache: createRedisCache(redis, LIFETIMES),
    cacheBehind: (ask, timeoutMs) => {
      const bounded = redis.within(timeoutMs);
      return createRedisCache(
        {
          command: (...parts) => ask(() => bounded.command(...parts)),
          run: (...script) => ask(() => bounded.run(...script)),
        },
        LIFETIMES,
      );
    },
    counter: createRedisCounter(redis, onBroken),
    overflow: createRedisOverflowQueue(redis, config.overflowMaxBytes, onBroken),
    probe: () => redis.command('PING'),
    usedBytes: async () => {
      const used = /^used_memory:(\d+)/m.exec(String(await redis.command('INFO', 'memory')))?.[1];
      return used === undefined ? undefined : Number(used);
    },
    close: redis.close,
  };
}

export async function openQueue(context: ServicesContext): Promise<Queue> {
  const { manifest, config, log } = context;
  const { queue } = config;
  switch (queue.kind) {
    case 'memory': {
      const memory = createMemoryQueue({
        maxMessages: 1000,
        maxDeadLetters: 1000,
        onDeadLetter: ({ reason, body }) => log.error({ reason, length: body.length }, 'dead letter'),
      });
      return {
        ...memory,
        // It answers when a visit is stored, however long that takes.
        publisherWithin: () => memory,
        probe: () => Promise.resolve(),
        close: () => Promise.resolve(),
      };
    }
    case 'rabbitmq': {
      const { openRabbitmq } = await import('@terse/queue/rabbitmq');
      const onError = reportErrorsOf('rabbitmq', context);
      return openRabbitmq({ url: queue.url, name: `terse-${manifest.name}`, onError });
    }
  }
}
