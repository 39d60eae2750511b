import { z } from '@terse/platform/zod';
import { parseShortCode, type ShortCode } from '@terse/core/links/short-code';
import { decodeCursor, encodeCursor, NO_CURSOR } from '@terse/http/cursor';
import { instant } from '@terse/http/schemas';

const MAX_CURSOR_LENGTH = 256;

/** Only the code is used; the previous release reads the instant. */
const positionSchema = z.tuple([instant.nullable(), z.string()]);

/** Returns the cursor after a link, without a creation time that no caller could send. */
export function encodeLinkCursor(code: ShortCode, createdAt?: Date): string {
  const created = instant.safeParse(createdAt?.toISOString());
  return encodeCursor([created.data ?? null, code]);
}

/** Parses a cursor of the list into the code of the previous page's last link. */
export const linkCursor = z
  .string()
  .max(MAX_CURSOR_LENGTH, NO_CURSOR)
  .transform((cursor, context) => {
    const position = positionSchema.safeParse(decodeCursor(cursor));
    const code = position.success ? parseShortCode(position.data[1]) : undefined;
    if (code !== undefined) return code;
    context.addIssue(NO_CURSOR);
    return z.NEVER;
  });
