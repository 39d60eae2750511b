import { z } from '@terse/platform/zod';
import { parseShortCode } from '../links/short-code.ts';

const MAX_USER_AGENT_LENGTH = 512;
export const MAX_REFERRER_LENGTH = 1024;

/** The end of the year 9999: later times have another form in ISO 8601. */
const LAST_TIMESTAMP = Date.UTC(9999, 11, 31, 23, 59, 59, 999);

/** PostgreSQL's `text` holds every character but NUL. */
const storedText = (maxLength: number) =>
  z
    .string()
    .max(maxLength)
    .regex(/^[^\0]*$/, 'must not contain NUL');

const ipSchema = z.union([z.ipv4(), z.ipv6()]);
const COUNTRY = /^[A-Z]{2}$/;

/** The version of `visitSchema`, the only one that this release reads and writes. */
const VERSION = 1;

/**
 * One visit as it travels through the queue. Unknown fields are ignored, so that a later release may add one. A
 * change that an older reader would misread needs another version (CONTRIBUTING, "Change a message").
 */
export const visitSchema = z.object({
  v: z.literal(VERSION).optional(),
  /** UUIDv7 (RFC 9562), made once, at the redirect: the same visit delivered twice has the same id. In lower case. */
  id: z.uuidv7().toLowerCase(),
  short_code: z.string().transform((text, context) => {
    const code = parseShortCode(text);
    if (code) return code;
    context.addIssue('must be a short code');
    return z.NEVER;
  }),
  ip: ipSchema.nullable(),
  /** Milliseconds since the epoch. */
  timestamp: z.int().min(0).max(LAST_TIMESTAMP),
  user_agent: storedText(MAX_USER_AGENT_LENGTH).nullable(),
  referrer: storedText(MAX_REFERRER_LENGTH).nullable(),
  /** ISO 3166-1 alpha-2, as told by the edge. */
  country: z.string().regex(COUNTRY).nullable(),
  is_bot: z.boolean(),
});

export type Visit = Omit<z.infer<typeof visitSchema>, 'v'>;

/** A visit with a value for every field, also for one that an earlier release does not write. */
export type CompleteVisit = { readonly [K in keyof Visit]-?: Exclude<Visit[K], undefined> };

/** Whether parsed JSON claims a version that only a later release reads. */
export function isNewerVisit(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  const { v } = value as { v?: unknown };
  return Number.isSafeInteger(v) && Number(v) > VERSION;
}

/**
 * Whether parsed JSON is a visit: what `visitSchema` accepts, in a sixth of the time and without a reason. It runs for
 * every visit. The id may still be in upper case.
 */
export function isVisit(value: unknown): value is Visit {
  if (typeof value !== 'object' || value === null) return false;
  const { v, id, short_code, ip, timestamp, user_agent, referrer, country, is_bot } = value as Record<
    keyof Visit | 'v',
    unknown
  >;
  return (
    (v === VERSION || v === undefined) &&
    typeof id === 'string' &&
    z.regexes.uuid7.test(id) &&
    typeof short_code === 'string' &&
    parseShortCode(short_code) !== undefined &&
    (ip === null || isIp(ip)) &&
    Number.isSafeInteger(timestamp) &&
    Number(timestamp) >= 0 &&
    Number(timestamp) <= LAST_TIMESTAMP &&
    (user_agent === null || isStoredText(user_agent, MAX_USER_AGENT_LENGTH)) &&
    (referrer === null || isStoredText(referrer, MAX_REFERRER_LENGTH)) &&
    (country === null || (typeof country === 'string' && COUNTRY.test(country))) &&
    typeof is_bot === 'boolean'
  );
}

function isIp(value: unknown): boolean {
  return typeof value === 'string' && (z.regexes.ipv4.test(value) || ipSchema.safeParse(value).success);
}

function isStoredText(value: unknown, maxLength: number): boolean {
  return typeof value === 'string' && value.length <= maxLength && !value.includes('\0');
}

/** A user agent, cut to the length that is stored. */
export function truncateUserAgent(text: string): string {
  return text.length > MAX_USER_AGENT_LENGTH ? text.slice(0, MAX_USER_AGENT_LENGTH).toWellFormed() : text;
}

/**
 * A visit as JSON, for the journal and for messages. The user agent is encoded already. Building the text by hand takes
 * a third of the time of `JSON.stringify`.
 */
export function encodeVisit(visit: CompleteVisit, userAgentJson: string): string {
  const { id, short_code, ip, timestamp, referrer, country, is_bot } = visit;
  return `{"v":1,"id":"${id}","short_code":"${short_code}","ip":${JSON.stringify(ip)},"timestamp":${timestamp},\
"user_agent":${userAgentJson},"referrer":${JSON.stringify(referrer)},"country":${JSON.stringify(country)},"is_bot":${is_bot}}`;
}
