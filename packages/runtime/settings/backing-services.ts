import { join } from 'node:path';
import type { FunctionManifest, Need } from '@terse/platform/function-manifest';
import type { Environment } from './given-settings.ts';
import type { Settings } from './schema.ts';
import { isExposed } from './service-url.ts';

export type DatabaseConfig =
  | {
      readonly kind: 'embedded';
      readonly directory: string;
      /** How much of the data PostgreSQL holds in memory, in MB. */
      readonly buffersMb: number;
      readonly poolSize: number;
    }
  | {
      readonly kind: 'postgres';
      readonly url: string;
      readonly readUrl: string;
      readonly poolSize: number;
      readonly prepare: boolean;
    };

export type StoreConfig =
  | { readonly kind: 'memory' }
  | { readonly kind: 'redis'; readonly url: string }
  | { readonly kind: 'upstash'; readonly url: string; readonly token: string };

export type QueueConfig = { readonly kind: 'memory' } | { readonly kind: 'rabbitmq'; readonly url: string };

/** Which backing services a function runs on. One that it does not need is embedded, and never opened. */
export interface BackingServicesConfig {
  readonly database: DatabaseConfig;
  /** The cache, the counter and the overflow queue. */
  readonly store: StoreConfig;
  readonly queue: QueueConfig;
}

/** What is wrong with the choice of backing services, without any value. */
export function faultsOfServices(manifest: FunctionManifest, given: Environment): readonly string[] {
  const isProduction = given['NODE_ENV'] === 'production';
  const store = given['REDIS_URL'] === undefined ? 'UPSTASH_REDIS_REST_URL' : 'REDIS_URL';
  const chosen: Record<Need, readonly string[]> = {
    database: ['DATABASE_URL', ...(given['DATABASE_READ_URL'] === undefined ? [] : ['DATABASE_READ_URL'])],
    store: [given[store] === undefined ? 'REDIS_URL' : store],
    queue: ['RABBITMQ_URL'],
  };
  const faults = manifest.needs
    .flatMap((need) => chosen[need])
    .map((setting) => {
      const text = given[setting];
      if (isEmbedded(text)) return faultOfEmbedded(manifest, setting, given);
      const url = URL.parse(text);
      const isPlain = isProduction && url && isExposed(url);
      return isPlain ? `${setting} must be encrypted: it leads to another host` : undefined;
    });
  if (
    manifest.needs.includes('store') &&
    /^https?:/.test(given[store] ?? '') &&
    !given['UPSTASH_REDIS_REST_TOKEN']
  ) {
    faults.push('UPSTASH_REDIS_REST_TOKEN must be set: Redis is reached by REST');
  }
  const hasReplica = manifest.needs.includes('database') && !isEmbedded(given['DATABASE_READ_URL']);
  if (hasReplica && manifest.embedded && isEmbedded(given['DATABASE_URL'])) {
    faults.push(
      'DATABASE_READ_URL must not be set without DATABASE_URL: the embedded database has no replica',
    );
  }
  return faults.filter((fault) => fault !== undefined);
}

/** Whether a setting stands for the embedded service. */
function isEmbedded(value: string | undefined): value is undefined | `memory:${string}` {
  return value === undefined || value.startsWith('memory:');
}

function faultOfEmbedded(
  { embedded }: FunctionManifest,
  setting: string,
  given: Environment,
): string | undefined {
  if (embedded === undefined) return `${setting} must be set: functions that run apart share real services`;
  if (given['NODE_ENV'] !== 'production' || given['EMBEDDED'] === 'accept') return undefined;
  return `${setting} must be set, or EMBEDDED=accept: embedded services serve one process on one machine`;
}

/** The backing services that settings without faults choose. */
export function chooseServices(settings: Settings): BackingServicesConfig {
  const { DATABASE_URL: database, RABBITMQ_URL: queue, DATABASE_POOL_SIZE: poolSize } = settings;
  return {
    database: database
      ? {
          kind: 'postgres',
          url: database.href,
          readUrl: (settings.DATABASE_READ_URL ?? database).href,
          poolSize,
          prepare: settings.DATABASE_PREPARE === 'on',
        }
      : {
          kind: 'embedded',
          directory: join(settings.DATA_DIR, 'postgres'),
          buffersMb: settings.DATABASE_BUFFERS_MB,
          poolSize,
        },
    store: chooseStore(settings),
    queue: queue ? { kind: 'rabbitmq', url: queue.href } : { kind: 'memory' },
  };
}

function chooseStore(settings: Settings): StoreConfig {
  const url = settings.REDIS_URL ?? settings.UPSTASH_REDIS_REST_URL;
  if (!url) return { kind: 'memory' };
  if (url.protocol.startsWith('redis')) return { kind: 'redis', url: url.href };
  return { kind: 'upstash', url: url.href, token: settings.UPSTASH_REDIS_REST_TOKEN ?? '' };
}
