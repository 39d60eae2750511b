import { wholeNumber, z } from '@terse/platform/zod';

const FIRST_INSTANT = Date.UTC(2000, 0);
const BEYOND_LAST_INSTANT = Date.UTC(3000, 0);
const TIME = 'must be a time such as 2027-06-01T00:00:00Z, with seconds and an offset';
const MAX_INSTANT_LENGTH = 64;
/** The form alone: the day or the minute may not exist. */
const FORM = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)$/;
/** A plus in a URL means a space, so an offset that is not encoded has lost its plus. */
const LOST_PLUS = /^[^ ]+T[^ ]+ \d\d:\d\d$/;

function faultOfTime(text: unknown): string {
  if (typeof text !== 'string') return TIME;
  if (LOST_PLUS.test(text)) {
    return 'must have the + of its offset written as %2B, because a + in a URL is a space';
  }
  return FORM.test(text) ? 'must be a day and a time that exist' : TIME;
}

/**
 * A point in time as RFC 3339 writes it, with an offset and no leap second, in the years 2000 to 2999 (UTC). Digits
 * beyond milliseconds are dropped.
 */
export const instant = z
  .string(TIME)
  .max(MAX_INSTANT_LENGTH, TIME)
  .toUpperCase()
  .pipe(z.iso.datetime({ offset: true, error: ({ input }) => faultOfTime(input) }))
  .transform((text) => new Date(text))
  .refine(
    (date) => date.getTime() >= FIRST_INSTANT && date.getTime() < BEYOND_LAST_INSTANT,
    'must be in the years 2000 to 2999',
  );

export const DEFAULT_PAGE_SIZE = 20;
export const MAX_PAGE_SIZE = 100;
export const pageSize = wholeNumber(1, MAX_PAGE_SIZE).default(DEFAULT_PAGE_SIZE);
