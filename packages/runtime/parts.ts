import type { Cache } from '@terse/cache/cache';
import type { Counter } from '@terse/cache/counter';
import { createMemoryCache } from '@terse/cache/memory-cache';
import type { Outbox } from '@terse/cache/outbox';
import { createMemoryCounter } from '@terse/cache/memory-counter';
import { createRedisCache } from '@terse/cache/redis-cache';
import type { RedisConnection } from '@terse/cache/redis-connection';
import { createRedisCounter } from '@terse/cache/redis-counter';
import { createRedisOutbox } from '@terse/cache/redis-outbox';
import type { Clock } from '@terse/core/clock';
import { createMemoryQueue } from '@terse/queue/memory-queue';
import type { Backlog, DeadLetters, Postponer, Publisher, Subscriber } from '@terse/queue/queue';
import type { OpenDatabase } from '@terse/repository/open-database';
import { openPostgres } from '@terse/repository/postgres';
import type { Config, FunctionName } from './config.ts';
import type { Guard } from './guard.ts';
import type { Logger } from './log.ts';
import { reportErrorsOf } from './part-errors.ts';
import type { Probe } from './readiness.ts';
import { createSchemaProbe } from './schema-probe.ts';
import { startDatabase } from './embedded-database.ts';
import { STATEMENT_TIMEOUT_MS } from './statement-timeouts.ts';

/** What opening a part needs to know. */
export interface PartsContext {
  readonly name: FunctionName;
  readonly config: Config;
  readonly clock: Clock;
  readonly log: Logger;
}

/** The shared cache, the counter and the outbox, which live in the same place. */
export interface Store {
  readonly cache: Cache;
  /** The same cache, which is asked through the guard. */
  cacheBehind(ask: Guard): Cache;
  readonly counter: Counter;
  /** Only where it outlives the process. */
  readonly outbox: Outbox | undefined;
  readonly probe: Probe;
  /** What it holds; `undefined` when it does not say. */
  usedBytes(): Promise<number | undefined>;
  close(): Promise<void>;
}

export interface Queue extends Publisher, Subscriber, Backlog, DeadLetters, Postponer {
  readonly probe: Probe;
  close(): Promise<void>;
}

const CACHED_LINKS = 100_000;
const LIFETIMES = { linkTtlSeconds: 60, absentTtlSeconds: 10 };

/** What a visitor waits for is bounded more closely, by a guard. */
const STORE_TIMEOUT_MS = 2000;

/**
 * @param access `read` goes to the replica, where there is one.
 * @param onOutage is told when the server did not answer, or could not serve; by default it logs that.
 */
export async function openDatabase(
  context: PartsContext,
  access: 'write' | 'read' = 'write',
  onOutage: (error: unknown) => void = reportErrorsOf('postgres', context),
): Promise<OpenDatabase> {
  const { database } = context.config;
  const open = (url: string, prepare = true) =>
    openPostgres({
      url,
      name: `terse-${context.name}`,
      poolSize: database.poolSize,
      prepare,
      statementTimeoutMs: STATEMENT_TIMEOUT_MS[context.name],
      onError: onOutage,
    });
  if (database.kind === 'postgres')
    return open(access === 'read' ? database.readUrl : database.url, database.prepare);
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
 * The database of a function, which waits for it: the probe rejects until its schema is that of this release. It is
 * asked at once, so that the log tells from the start what is wrong.
 */
export async function openServedDatabase(
  context: PartsContext,
  access: 'write' | 'read' = 'write',
): Promise<OpenDatabase> {
  const database = await openDatabase(context, access);
  const probe = createSchemaProbe(database, context.log);
  probe().catch(() => {});
  return { ...database, probe };
}

export async function openStore(context: PartsContext): Promise<Store> {
  const { name, clock, config } = context;
  const { store } = config;
  switch (store.kind) {
    case 'memory': {
      const cache = createMemoryCache({ ...LIFETIMES, maxEntries: CACHED_LINKS, clock });
      return {
        cache,
        // It is never slow and never down.
        cacheBehind: () => cache,
        counter: createMemoryCounter({ clock }),
        outbox: undefined,
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
          name: `terse-${name}`,
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

function onRedis(redis: RedisConnection, { config, log }: PartsContext): Store {
  const onBroken = (what: readonly string[]) =>
    log.error({ what: what.slice(0, 20) }, 'redis held values that are not ours; they are set aside');
  return {
    cache: createRedisCache(redis, LIFETIMES),
    cacheBehind: (ask) =>
      createRedisCache(
        {
          command: (...parts) => ask(() => redis.command(...parts)),
          run: (...script) => ask(() => redis.run(...script)),
        },
        LIFETIMES,
      ),
    counter: createRedisCounter(redis, onBroken),
    outbox: createRedisOutbox(redis, config.outboxMaxBytes, onBroken),
    probe: () => redis.command('PING'),
    usedBytes: async () => {
      const used = /^used_memory:(\d+)/m.exec(String(await redis.command('INFO', 'memory')))?.[1];
      return used === undefined ? undefined : Number(used);
    },
    close: redis.close,
  };
}

export async function openQueue({ name, config, log, clock }: PartsContext): Promise<Queue> {
  const { queue } = config;
  if (queue.kind === 'rabbitmq') {
    const { openRabbitmq } = await import('@terse/queue/rabbitmq');
    const onError = reportErrorsOf('rabbitmq', { log, clock });
    return openRabbitmq({ url: queue.url, name: `terse-${name}`, onError });
  }
  return {
    ...createMemoryQueue({
      maxMessages: 1000,
      maxDeadLetters: 1000,
      onDeadLetter: ({ reason, body }) => log.error({ reason, length: body.length }, 'dead letter'),
    }),
    probe: () => Promise.resolve(),
    close: () => Promise.resolve(),
  };
}
