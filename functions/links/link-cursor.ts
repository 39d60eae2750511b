import { z } from '@terse/platform/zod';
import { parseShortCode, type ShortCode } from '@terse/core/links/short-code';
import { decodeCursor, encodeCursor, NO_CURSOR } from '@terse/http/cursor';
import { instant } from '@terse/http/schemas';

const MAX_CURSOR_LENGTH = 256;

/** Only the code is used; the instant is for the release before. */
const positionSchema = z.tuple([instant.nullable(), z.string()]);

/** The cursor after a link. A creation time that no caller could send is left out. */
export function encodeLinkCursor(code: ShortCode, createdAt?: Date): string {
  const created = instant.safeParse(createdAt?.toISOString());
  return encodeCursor([created.data ?? null, code]);
}

/** Parses a cursor of the list into the code of the last link of the page before. */
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
