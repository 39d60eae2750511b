import { z } from 'zod';

/** Text of one line that every store can hold. */
export function plainText(maxLength: number): z.ZodString {
  return z
    .string()
    .max(maxLength)
    .regex(/^[^\p{Cc}\p{Cs}]*$/u, 'must not contain control characters');
}

/** A point in time as ISO 8601 with its offset. */
export const instant = z.iso.datetime({ offset: true }).transform((text) => new Date(text));

export const pageSize = z.coerce.number().int().min(1).max(100).default(20);
