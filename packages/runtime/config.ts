import { z } from 'zod';

const integer = (min: number, max: number, fallback: number) =>
  z
    .string()
    .regex(/^\d+$/, 'must be a whole number')
    .transform(Number)
    .pipe(z.number().min(min, `must be at least ${min}`).max(max, `must be at most ${max}`))
    .default(fallback);

const settingsSchema = z.object({
  HOST: z.string().default('127.0.0.1'),
  PORT: integer(0, 65_535, 8080),
  BASE_URL: z
    .url({ protocol: /^https?$/, error: 'must be an http or https URL' })
    .transform((text) => new URL(text))
    .refine(
      (url) => url.pathname === '/' && !url.search && !url.hash,
      'must have no path: codes follow the host',
    )
    .optional(),
  DATA_DIR: z.string().default('.data'),
  ADMIN_API_KEY: z.string().min(16, 'must have at least 16 characters').optional(),
  VISITOR_IP: z
    .enum(['anonymized', 'full', 'none'], 'must be anonymized, full or none')
    .default('anonymized'),
  TRUSTED_PROXY_HOPS: integer(0, 10, 0),
  COUNTRY_HEADER: z
    .string()
    .regex(/^[A-Za-z0-9-]+$/, 'must be the name of a header')
    .optional(),
  COUNTER_FLUSH_SECONDS: integer(1, 3600, 5),
  VISIT_BATCH_WAIT_MS: integer(1, 10_000, 500),
  SHUTDOWN_SECONDS: integer(1, 300, 10),
  LOG_LEVEL: z.enum(['debug', 'info', 'warn', 'error', 'silent']).default('info'),
});

export interface Config {
  readonly host: string;
  readonly port: number;
  /** Where short URLs begin; `undefined` means wherever the server listens. */
  readonly baseUrl: URL | undefined;
  readonly dataDirectory: string;
  readonly adminApiKey: string | undefined;
  readonly visitorIp: 'anonymized' | 'full' | 'none';
  readonly trustedProxyHops: number;
  readonly countryHeader: string | undefined;
  readonly counterFlushSeconds: number;
  readonly visitBatchWaitMs: number;
  readonly shutdownSeconds: number;
  readonly logLevel: 'debug' | 'info' | 'warn' | 'error' | 'silent';
}

/** Thrown by `readConfig`; names each setting that is wrong and never shows a value. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
}

/**
 * The settings, from the environment. An empty variable counts as not set.
 * @throws ConfigError with every fault at once.
 */
export function readConfig(environment: NodeJS.ProcessEnv = process.env): Config {
  const given = Object.fromEntries(Object.entries(environment).filter(([, value]) => value !== ''));
  const parsed = settingsSchema.safeParse(given);
  if (!parsed.success) {
    const faults = parsed.error.issues.map((issue) => `  ${issue.path.join('.')} ${describe(issue)}`);
    throw new ConfigError(`These settings are wrong:\n${faults.join('\n')}`);
  }
  const settings = parsed.data;
  return {
    host: settings.HOST,
    port: settings.PORT,
    baseUrl: settings.BASE_URL,
    dataDirectory: settings.DATA_DIR,
    adminApiKey: settings.ADMIN_API_KEY,
    visitorIp: settings.VISITOR_IP,
    trustedProxyHops: settings.TRUSTED_PROXY_HOPS,
    countryHeader: settings.COUNTRY_HEADER,
    counterFlushSeconds: settings.COUNTER_FLUSH_SECONDS,
    visitBatchWaitMs: settings.VISIT_BATCH_WAIT_MS,
    shutdownSeconds: settings.SHUTDOWN_SECONDS,
    logLevel: settings.LOG_LEVEL,
  };
}

function describe(issue: z.core.$ZodIssue): string {
  return issue.code === 'invalid_value' && issue.message.startsWith('Invalid')
    ? `must be one of ${issue.values.join(', ')}`
    : issue.message;
}
