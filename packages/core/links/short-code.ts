import { customAlphabet } from 'nanoid';

declare const brand: unique symbol;

/** A checked short code: 1 to 64 of `A-Z a-z 0-9 _ -`. Made only by `parseShortCode` and `generateShortCode`. */
export type ShortCode = string & { readonly [brand]: 'ShortCode' };

const SHORT_CODE = /^[A-Za-z0-9_-]{1,64}$/;
const BASE62 = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
const GENERATED_LENGTH = 7;

/** Paths that belong to the product, now or soon: a link there would shadow them or be mistaken for them. */
export const RESERVED_CODES: ReadonlySet<string> = new Set([
  'admin',
  'api',
  'app',
  'assets',
  'dashboard',
  'docs',
  'favicon',
  'health',
  'healthz',
  'live',
  'login',
  'logout',
  'metrics',
  'openapi',
  'ready',
  'robots',
  'sitemap',
  'static',
  'stats',
  'status',
  'www',
]);

/** The text as a short code, or `undefined` when it cannot be one. */
export function parseShortCode(text: string): ShortCode | undefined {
  return SHORT_CODE.test(text) ? (text as ShortCode) : undefined;
}

/** Whether nobody may choose this code, in any letter case. */
export function isReserved(code: string): boolean {
  return RESERVED_CODES.has(code.toLowerCase());
}

const generate = customAlphabet(BASE62, GENERATED_LENGTH);

/** Seven base62 characters from a CSPRNG: 3.5e12 codes, none predictable from another. */
export function generateShortCode(): ShortCode {
  return generate() as ShortCode;
}
