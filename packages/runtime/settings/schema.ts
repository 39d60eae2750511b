import { wholeNumber, z } from '@terse/platform/zod';
import type { FunctionManifest, Need } from '@terse/platform/function-manifest';
import { hostSetting } from './address-settings.ts';
import { serviceUrl } from './service-url.ts';

const integer = (min: number, max: number, fallback: number) => wholeNumber(min, max).default(fallback);

/** @param reason why the URL may have no path. */
export const origin = (reason: string) =>
  z
    .url({ protocol: /^https?$/, error: 'must be an http or https URL' })
    .transform((text) => new URL(text))
    .refine((url) => url.pathname === '/' && !url.search && !url.hash, `must have no path: ${reason}`)
    .refine((url) => !url.username && !url.password, 'must have no user and no password')
    .optional();

const postgresUrl = serviceUrl('postgres:', 'postgresql:');

/** Every setting, with its default. */
const schema = z.object({
  NODE_ENV: z.string().optional(),
  EMBEDDED: z.literal('accept', 'must be accept').optional(),
  DATABASE_URL: postgresUrl,
  DATABASE_READ_URL: postgresUrl,
  DATABASE_POOL_SIZE: integer(1, 100, 5),
  DATABASE_BUFFERS_MB: integer(1, 100_000, 32),
  DATABASE_PREPARE: z.enum(['on', 'off'], 'must be on or off').default('on'),
  REDIS_URL: serviceUrl('redis:', 'rediss:', 'https:', 'http:'),
  UPSTASH_REDIS_REST_URL: serviceUrl('redis:', 'rediss:', 'https:', 'http:'),
  UPSTASH_REDIS_REST_TOKEN: z
    .string()
    .regex(/^[\x21-\x7e]+$/, 'must be visible ASCII characters, without spaces')
    .optional(),
  RABBITMQ_URL: serviceUrl('amqp:', 'amqps:'),
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
});

export type Settings = z.infer<typeof schema>;

export const SETTINGS: readonly (keyof Settings)[] = schema.keyof().options;

/** The settings that lead to a backing service. */
const LEADING_TO = {
  database: ['DATABASE_URL', 'DATABASE_READ_URL'],
  store: ['REDIS_URL', 'UPSTASH_REDIS_REST_URL', 'UPSTASH_REDIS_REST_TOKEN'],
  queue: ['RABBITMQ_URL'],
} as const satisfies Record<Need, readonly (keyof Settings)[]>;

/** Reads settings. Those that lead to services which a function does not need are ignored, and are `undefined`. */
export function parseSettings(
  given: Readonly<Record<string, string | undefined>>,
  { needs }: Pick<FunctionManifest, 'needs'>,
) {
  const unneeded = (Object.keys(LEADING_TO) as Need[]).filter((need) => !needs.includes(need));
  const ignored = new Set<string>(unneeded.flatMap((need) => LEADING_TO[need]));
  if (given['REDIS_URL'] !== undefined) ignored.add('UPSTASH_REDIS_REST_URL');
  return schema.safeParse(Object.fromEntries(Object.entries(given).filter(([name]) => !ignored.has(name))));
}
