import { z } from 'zod';

/** Text of one line that every store can hold. */
export function plainText(maxLength: number): z.ZodString {
  return z
    .string()
    .max(maxLength)
    .regex(/^[^\p{Cc}\p{Cs}]*$/u, 'must not contain control characters');
}

const FIRST_INSTANT = Date.UTC(2000, 0);
const BEYOND_LAST_INSTANT = Date.UTC(3000, 0);
const MAX_INSTANT_LENGTH = 64;

/**
 * A point in time as RFC 3339 writes it, with an offset and no leap second, in the years 2000 to 2999 (UTC). Digits beyond
 * milliseconds are dropped.
 */
export const instant = z
  .string()
  .max(MAX_INSTANT_LENGTH)
  .toUpperCase()
  .pipe(z.iso.datetime({ offset: true, error: 'must be a time such as 2027-06-01T12:00:00Z' }))
  .transform((text) => new Date(text))
  .refine(
    (date) => date.getTime() >= FIRST_INSTANT && date.getTime() < BEYOND_LAST_INSTANT,
    'must be in the years 2000 to 2999',
  );

export const pageSize = z.coerce.number().int().min(1).max(100).default(20);
