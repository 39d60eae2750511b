import { isAbsolute, join } from 'node:path';
import type { FunctionName } from './config.ts';
import type { Environment } from './given-settings.ts';
import { partUrlFault } from './part-url.ts';

export type DatabaseConfig =
  | {
      readonly kind: 'embedded';
      readonly directory: string;
      /** What PostgreSQL keeps of the data in memory, in MB. */
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

export const DEFAULT_POOL_SIZE = 5;
export const DEFAULT_BUFFERS_MB = 32;

/** Which parts a function runs on. One that it does not use is embedded, and never opened. */
export interface PartsConfig {
  readonly database: DatabaseConfig;
  /** The cache and the counter. */
  readonly store: StoreConfig;
  readonly queue: QueueConfig;
}

/** The settings that choose parts. */
export const PART_SETTINGS = [
  'DATABASE_URL',
  'DATABASE_READ_URL',
  'REDIS_URL',
  'UPSTASH_REDIS_REST_URL',
  'UPSTASH_REDIS_REST_TOKEN',
  'RABBITMQ_URL',
] as const;

type Settings = Environment & { readonly DATA_DIR: string };

const NEEDS: Readonly<Record<FunctionName, readonly (keyof PartsConfig)[]>> = {
  redirect: ['database', 'store', 'queue'],
  links: ['database', 'store'],
  stats: ['database'],
  'visit-writer': ['database', 'queue'],
  'counter-flush': ['database', 'store', 'queue'],
  gateway: [],
  migrate: ['database'],
  'dead-letters': ['queue'],
  keys: ['database'],
  backup: ['database'],
  restore: ['database'],
  standalone: ['database', 'store', 'queue'],
};

/** The product in one process, and the commands beside it. */
const ON_EMBEDDED_PARTS: ReadonlySet<FunctionName> = new Set(['standalone', 'keys', 'backup', 'restore']);

export const LOCAL_HOSTS = new Set(['localhost', '127.0.0.1', '[::1]']);

/** URL parameters of libpq and Prisma. The driver would send them as settings, and the server would refuse them. */
const FOREIGN_PARAMETERS: ReadonlyMap<string, string> = new Map([
  ['channel_binding', 'the driver knows no channel binding; sslmode=verify-full proves who answers'],
  ['pgbouncer', 'DATABASE_PREPARE=off says that a pooler keeps no prepared statements'],
  ['connection_limit', 'DATABASE_POOL_SIZE says how many connections there are'],
  ...[
    'gssencmode',
    'hostaddr',
    'keepalives',
    'keepalives_idle',
    'load_balance_hosts',
    'passfile',
    'pool_mode',
    'pool_timeout',
    'require_auth',
    'schema',
    'service',
    'socket_timeout',
    'ssl_min_protocol_version',
    'sslcert',
    'sslcrl',
    'sslkey',
    'sslsni',
    'statement_cache_size',
    'tcp_user_timeout',
  ].map((name) => [name, 'the driver does not know it'] as const),
]);

const ENCRYPTING_SSL_MODES = new Set(['require', 'verify-ca', 'verify-full']);

/** Reads which parts to use; what is wrong is added to `faults`, without any value. */
export function readParts(name: FunctionName, settings: Settings, faults: string[]): PartsConfig {
  const isProduction = settings['NODE_ENV'] === 'production';
  const mayBeEmbedded = !isProduction || settings['EMBEDDED'] === 'accept';
  const needs = new Set(NEEDS[name]);

  /** A URL with one of these schemes; `undefined` stands for the embedded part, where that may be. */
  function real(part: keyof PartsConfig, setting: string, schemes: readonly string[]): URL | undefined {
    if (!needs.has(part)) return undefined;
    const value = settings[setting];
    if (isEmbedded(value)) {
      if (!ON_EMBEDDED_PARTS.has(name))
        faults.push(`${setting} must be set: functions that run apart share real parts`);
      else if (!mayBeEmbedded)
        faults.push(
          `${setting} must be set, or EMBEDDED=accept: embedded parts serve one process on one machine`,
        );
      return undefined;
    }
    if (!schemes.some((scheme) => value.startsWith(`${scheme}//`))) {
      faults.push(`${setting} must begin with ${schemes.map((scheme) => `${scheme}//`).join(' or ')}`);
      return undefined;
    }
    const url = URL.parse(value);
    if (!url) {
      faults.push(`${setting} must be a URL: user:password@host:port/path`);
      return undefined;
    }
    const fault = partUrlFault(url);
    if (fault !== undefined) faults.push(`${setting} ${fault}`);
    if (part === 'database') refuseForeignParameters(setting, url);
    const socketFolder = url.searchParams.get('host');
    if (part === 'database' && socketFolder !== null && !isAbsolute(socketFolder)) {
      faults.push(
        `${setting} must have the path of a folder as its parameter host: the name of a server goes before the path`,
      );
    }
    const isLocal = LOCAL_HOSTS.has(url.hostname) || (part === 'database' && socketFolder !== null);
    if (isProduction && !isEncrypted(url) && !isLocal) {
      faults.push(`${setting} must be encrypted: it leads to another host`);
    }
    return url;
  }

  function refuseForeignParameters(setting: string, url: URL): void {
    for (const name of url.searchParams.keys()) {
      const reason = FOREIGN_PARAMETERS.get(name);
      if (reason !== undefined) faults.push(`${setting} must not have ${name}: ${reason}`);
    }
  }

  const postgres = ['postgres:', 'postgresql:'];
  const database = real('database', 'DATABASE_URL', postgres);
  const readDatabase = settings['DATABASE_READ_URL']
    ? real('database', 'DATABASE_READ_URL', postgres)
    : database;
  const namesReplica = !isEmbedded(settings['DATABASE_READ_URL']);
  if (namesReplica && ON_EMBEDDED_PARTS.has(name) && isEmbedded(settings['DATABASE_URL']))
    faults.push(
      'DATABASE_READ_URL must not be set without DATABASE_URL: the embedded database has no replica',
    );

  const store = readStore();
  const queue = real('queue', 'RABBITMQ_URL', ['amqp:', 'amqps:']);

  function readStore(): StoreConfig {
    const restUrl = settings['UPSTASH_REDIS_REST_URL'];
    const setting =
      settings['REDIS_URL'] === undefined && restUrl !== undefined ? 'UPSTASH_REDIS_REST_URL' : 'REDIS_URL';
    const url = real('store', setting, ['redis:', 'rediss:', 'https:', 'http:']);
    if (!url) return { kind: 'memory' };
    if (url.protocol.startsWith('redis')) return { kind: 'redis', url: url.href };
    const token = settings['UPSTASH_REDIS_REST_TOKEN'];
    if (token === undefined) faults.push('UPSTASH_REDIS_REST_TOKEN must be set: Redis is reached by REST');
    else if (!/^[\x21-\x7e]+$/.test(token)) {
      faults.push('UPSTASH_REDIS_REST_TOKEN must be visible ASCII characters, without spaces');
    }
    return { kind: 'upstash', url: url.href, token: token ?? '' };
  }

  const poolSize = Number(settings['DATABASE_POOL_SIZE'] ?? DEFAULT_POOL_SIZE);
  return {
    database: database
      ? {
          kind: 'postgres',
          url: database.href,
          readUrl: (readDatabase ?? database).href,
          poolSize,
          prepare: settings['DATABASE_PREPARE'] !== 'off',
        }
      : {
          kind: 'embedded',
          directory: join(settings.DATA_DIR, 'postgres'),
          buffersMb: Number(settings['DATABASE_BUFFERS_MB'] ?? DEFAULT_BUFFERS_MB),
          poolSize,
        },
    store,
    queue: queue ? { kind: 'rabbitmq', url: queue.href } : { kind: 'memory' },
  };
}

/** Whether a setting stands for the embedded part. */
function isEmbedded(value: string | undefined): value is undefined | `memory:${string}` {
  return value === undefined || value.startsWith('memory:');
}

function isEncrypted(url: URL): boolean {
  if (url.protocol.startsWith('postgres'))
    return ENCRYPTING_SSL_MODES.has(url.searchParams.get('sslmode') ?? '');
  return url.protocol === 'rediss:' || url.protocol === 'https:' || url.protocol === 'amqps:';
}
