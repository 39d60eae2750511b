import { join } from 'node:path';
import { HOUR_MS } from '@terse/platform/durations';
import type { FunctionManifest } from '@terse/platform/function-manifest';
import type { Login } from '@terse/repository/logins';
import { localUrl } from './address-settings.ts';
import { type Environment, givenSettings } from './given-settings.ts';
import { faultsOfSecrets } from './public-secrets.ts';
import { loginSettingsOf, readLogins } from './login-settings.ts';
import { originSettingsOf, readOrigins } from './origin-settings.ts';
import { type BackingServicesConfig, chooseServices, faultsOfServices } from './backing-services.ts';
import { parseSettings, type Settings, SETTINGS } from './schema.ts';

export interface Config extends BackingServicesConfig {
  readonly isProduction: boolean;
  readonly host: string;
  readonly port: number;
  /** Where only the platform requests `/.live`, `/.started`, `/.ready` and `/.metrics`. */
  readonly internalHost: string;
  readonly internalPort: number;
  /** Where short URLs begin. */
  readonly baseUrl: URL;
  readonly dataDirectory: string;
  /** Where visits lie until the queue has them; `undefined` without a disk to write to. */
  readonly journal: { readonly directory: string; readonly maxBytes: number } | undefined;
  /** How many bytes may wait in Redis for the queue. */
  readonly overflowMaxBytes: number;
  readonly visitsInMemory: number;
  /** How long a redirect waits for its visit to be confirmed; 0 when it does not wait. */
  readonly confirmWithinMs: number;
  /** How long a stopping function is unready but still serves, so that balancers turn away first. */
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
  /** The logins that the migrations make; empty for every other function. */
  readonly logins: readonly Login[];
  /** Where the gateway finds each function, by its name; empty for every other function. */
  readonly origins: Readonly<Record<string, URL>>;
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
  const names = [...SETTINGS, ...loginSettingsOf(manifest), ...originSettingsOf(manifest)];
  const given = givenSettings(names, environment, faults);
  const parsed = parseSettings(given, manifest);
  for (const issue of parsed.error?.issues ?? []) faults.push(`${issue.path.join('.')} ${issue.message}`);
  faults.push(...faultsOfServices(manifest, given));
  if (given['NODE_ENV'] === 'production') faults.push(...faultsOfSecrets(given));
  const logins = readLogins(manifest, given, faults);
  const origins = readOrigins(manifest, given, faults);
  for (const [setting, reason] of Object.entries(manifest.requires ?? {})) {
    if (given[setting] === undefined) faults.push(`${setting} must be set: ${reason}`);
  }
  const port = parsed.data?.PORT ?? manifest.ports?.port ?? 0;
  const internalPort = parsed.data?.INTERNAL_PORT ?? manifest.ports?.internal ?? 0;
  if (manifest.ports && internalPort === port) faults.push('INTERNAL_PORT must differ from PORT');
  if (manifest.embedded === 'own' && given['BASE_URL'] === undefined && given['HOST']?.includes('%')) {
    faults.push('BASE_URL must be set: a URL cannot hold the zone of HOST');
  }
  if (!parsed.success || faults.length > 0) {
    throw new ConfigError(`These settings are wrong:\n${faults.map((fault) => `  ${fault}`).join('\n')}`);
  }

  const settings = parsed.data;
  return {
    ...chooseServices(settings),
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
    origins,
  };
}

function readJournal({ name, embedded }: FunctionManifest, settings: Settings): Config['journal'] {
  const { JOURNAL_DIR, JOURNAL_MAX_MB, DATA_DIR } = settings;
  if (JOURNAL_DIR === 'none') return undefined;
  // A process takes over the journal of a dead one, so embedded and real backing services must not share a journal.
  const place = embedded === 'own' ? 'journal' : join(name, 'journal');
  return { directory: JOURNAL_DIR ?? join(DATA_DIR, place), maxBytes: JOURNAL_MAX_MB * 1024 * 1024 };
}
