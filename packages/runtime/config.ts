import { join } from 'node:path';
import { wholeNumber, z } from '@terse/platform/zod';
import { HOUR_MS } from '@terse/platform/durations';
import type { FunctionManifest } from '@terse/platform/function-manifest';
import type { Login } from '@terse/repository/logins';
import { hostSetting, localUrl } from './address-settings.ts';
import { type Environment, givenSettings } from './given-settings.ts';
import { faultsOfSecrets } from './public-secrets.ts';
import { loginSettingsOf, readLogins } from './login-settings.ts';
import {
  DEFAULT_BUFFERS_MB,
  DEFAULT_POOL_SIZE,
  BACKING_SERVICE_SETTINGS,
  type BackingServicesConfig,
  readBackingServices,
} from './backing-services-config.ts';

const integer = (min: number, max: number, fallback: number) => wholeNumber(min, max).default(fallback);

/** @param reason why the URL may have no path. */
const origin = (reason: string) =>
  z
    .url({ protocol: /^https?$/, error: 'must be an http or https URL' })
    .transform((text) => new URL(text))
    .refine((url) => url.pathname === '/' && !url.search && !url.hash, `must have no path: ${reason}`)
    .refine((url) => !url.username && !url.password, 'must have no user and no password')
    .optional();

const functionOrigin = origin('requests keep their own');

const settingsSchema = z.object({
  NODE_ENV: z.string().optional(),
  EMBEDDED: z.literal('accept', 'must be accept').optional(),
  HOST: hostSetting,
  PORT: wholeNumber(1, 65_535).optional(),
  INTERNAL_HOST: hostSetting,
  INTERNAL_PORT: wholeNumber(1, 65_535).optional(),
  BASE_URL: origin('codes follow the host'),
  DATA_DIR: z.string(),
  JOURNAL_DIR: z.string().optional(),
  JOURNAL_MAX_MB: integer(1, 1_000_000, 512),
  OVERFLOW_MAX_MB: integer(1, 1_000_000, 64),
  VISITS_IN_MEMORY: integer(100, 10_000_000, 50_000),
  VISIT_DURABILITY: z.enum(['journal', 'confirmed'], 'must be journal or confirmed').default('journal'),
  VISIT_CONFIRM_MS: integer(1, 10_000, 1000),
  STOP_DELAY_MS: integer(0, 60_000, 0),
  MAX_BODY_KB: integer(32, 4096, 4096),
  DATABASE_POOL_SIZE: integer(1, 100, DEFAULT_POOL_SIZE),
  DATABASE_BUFFERS_MB: integer(1, 100_000, DEFAULT_BUFFERS_MB),
  DATABASE_PREPARE: z.enum(['on', 'off'], 'must be on or off').default('on'),
  ADMIN_API_KEY: z
    .string()
    .regex(/^[\x21-\x7e]{16,256}$/, 'must have 16 to 256 visible ASCII characters, without spaces')
    .optional(),
  VISITOR_IP: z
    .enum(['anonymized', 'full', 'none'], 'must be anonymized, full or none')
    .default('anonymized'),
  TRUSTED_PROXY_HOPS: integer(0, 10, 0),
  COUNTRY_HEADER: z
    .string()
    .regex(/^[A-Za-z0-9-]+$/, 'must be the name of a header')
    .optional(),
  COUNTER_FLUSH_SECONDS: integer(1, 3600, 5),
  COUNT_TAKE_BACK_HOURS: integer(1, 720, 24),
  VISIT_BATCH_WAIT_MS: integer(1, 10_000, 500),
  TRIGGER: z.enum(['own', 'external'], 'must be own or external').default('own'),
  LOG_LEVEL: z
    .enum(['debug', 'info', 'warn', 'error', 'silent'], 'must be debug, info, warn, error or silent')
    .default('info'),
  REDIRECT_ORIGIN: functionOrigin,
  LINKS_ORIGIN: functionOrigin,
  STATS_ORIGIN: functionOrigin,
});

export interface Origins {
  readonly redirect: URL;
  readonly links: URL;
  readonly stats: URL;
}

export interface Config extends BackingServicesConfig {
  readonly isProduction: boolean;
  readonly host: string;
  readonly port: number;
  /** Where the platform alone requests `/.live`, `/.started`, `/.ready` and `/.metrics`. */
  readonly internalHost: string;
  readonly internalPort: number;
  /** Where short URLs begin. */
  readonly baseUrl: URL;
  readonly dataDirectory: string;
  /** Where visits lie until the queue has them; `undefined` where there is no disk to write to. */
  readonly journal: { readonly directory: string; readonly maxBytes: number } | undefined;
  /** How many bytes may wait in Redis for the queue. */
  readonly overflowMaxBytes: number;
  readonly visitsInMemory: number;
  /** How long a redirect waits for its visit to be confirmed; 0 when it does not wait. */
  readonly confirmWithinMs: number;
  /** How long a function that is told to stop is unready but still serves, so that balancers turn away first. */
  readonly stopDelayMs: number;
  /** The largest body of a bulk request; smaller where the proxy in front accepts less. */
  readonly maxBodyBytes: number;
  readonly adminApiKey: string | undefined;
  readonly visitorIp: 'anonymized' | 'full' | 'none';
  readonly trustedProxyHops: number;
  readonly countryHeader: string | undefined;
  readonly counterFlushSeconds: number;
  /** How long a count must be ahead of the stored visits before the surplus is taken back. */
  readonly countTakeBackMs: number;
  readonly visitBatchWaitMs: number;
  /** Whether a function takes messages and ticks itself, or something else posts them to it, as on Lambda. */
  readonly trigger: 'own' | 'external';
  readonly logLevel: string;
  /** Only the migrations have them: the logins that they make. */
  readonly logins: readonly Login[];
  /** Where the gateway finds each function; only the gateway has them. */
  readonly origins: Origins | undefined;
}

/** Thrown by `readConfig`; names each setting that is wrong and never shows a value. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
}

/**
 * The settings of a function, from the environment. Every setting may instead be named by `<NAME>_FILE`, the path of a
 * file that holds it. An empty variable counts as not set.
 * @throws ConfigError with every fault at once.
 */
export function readConfig(manifest: FunctionManifest, environment: Environment = process.env): Config {
  const faults: string[] = [];
  const names = [
    ...Object.keys(settingsSchema.shape),
    ...loginSettingsOf(manifest),
    ...BACKING_SERVICE_SETTINGS,
  ];
  const given = givenSettings(names, environment, faults);
  const parsed = settingsSchema.safeParse(given);
  for (const issue of parsed.error?.issues ?? []) faults.push(`${issue.path.join('.')} ${issue.message}`);
  const services = readBackingServices(manifest, given, faults);
  if (given['NODE_ENV'] === 'production') faults.push(...faultsOfSecrets(given));
  const logins = readLogins(manifest, given, faults);
  for (const [setting, reason] of Object.entries(manifest.requires ?? {})) {
    if (given[setting] === undefined) faults.push(`${setting} must be set: ${reason}`);
  }
  const port = parsed.data?.PORT ?? manifest.ports?.port ?? 0;
  const internalPort = parsed.data?.INTERNAL_PORT ?? manifest.ports?.internal ?? 0;
  if (manifest.ports && internalPort === port) faults.push('INTERNAL_PORT must differ from PORT');
  if (manifest.embedded === 'own' && given['BASE_URL'] === undefined && given['HOST']?.includes('%')) {
    faults.push('BASE_URL must be set: no URL holds the zone of HOST');
  }
  if (!parsed.success || faults.length > 0) {
    throw new ConfigError(`These settings are wrong:\n${faults.map((fault) => `  ${fault}`).join('\n')}`);
  }

  const settings = parsed.data;
  return {
    ...services,
    isProduction: settings.NODE_ENV === 'production',
    host: settings.HOST,
    port,
    internalHost: settings.INTERNAL_HOST,
    internalPort,
    baseUrl: settings.BASE_URL ?? localUrl(settings.HOST, port),
    dataDirectory: settings.DATA_DIR,
    journal: readJournal(manifest, settings),
    overflowMaxBytes: settings.OVERFLOW_MAX_MB * 1024 * 1024,
    visitsInMemory: settings.VISITS_IN_MEMORY,
    confirmWithinMs: settings.VISIT_DURABILITY === 'confirmed' ? settings.VISIT_CONFIRM_MS : 0,
    stopDelayMs: settings.STOP_DELAY_MS,
    maxBodyBytes: settings.MAX_BODY_KB * 1024,
    adminApiKey: settings.ADMIN_API_KEY,
    visitorIp: settings.VISITOR_IP,
    trustedProxyHops: settings.TRUSTED_PROXY_HOPS,
    countryHeader: settings.COUNTRY_HEADER,
    counterFlushSeconds: settings.COUNTER_FLUSH_SECONDS,
    countTakeBackMs: settings.COUNT_TAKE_BACK_HOURS * HOUR_MS,
    visitBatchWaitMs: settings.VISIT_BATCH_WAIT_MS,
    trigger: settings.TRIGGER,
    logLevel: settings.LOG_LEVEL,
    logins,
    origins: readOrigins(settings),
  };
}

function readJournal(
  { name, embedded }: FunctionManifest,
  settings: z.infer<typeof settingsSchema>,
): Config['journal'] {
  const { JOURNAL_DIR, JOURNAL_MAX_MB, DATA_DIR } = settings;
  if (JOURNAL_DIR === 'none') return undefined;
  // A process takes over what a dead one left, so those on embedded and on real backing services have no journal in common.
  const place = embedded === 'own' ? 'journal' : join(name, 'journal');
  return { directory: JOURNAL_DIR ?? join(DATA_DIR, place), maxBytes: JOURNAL_MAX_MB * 1024 * 1024 };
}

function readOrigins(settings: z.infer<typeof settingsSchema>): Origins | undefined {
  const { REDIRECT_ORIGIN: redirect, LINKS_ORIGIN: links, STATS_ORIGIN: stats } = settings;
  return redirect && links && stats ? { redirect, links, stats } : undefined;
}
