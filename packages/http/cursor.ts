export const NO_CURSOR = 'is not a cursor that this API gave';

const BASE64URL = /^[\w-]+$/;

/** Where a page ended, as an opaque text that fits into a URL. */
export function encodeCursor(position: unknown): string {
  return Buffer.from(JSON.stringify(position)).toString('base64url');
}

/** The position that `encodeCursor` was given, not checked yet; `undefined` when the text is no cursor. */
export function decodeCursor(cursor: string): unknown {
  if (!BASE64URL.test(cursor)) return undefined;
  try {
    return JSON.parse(Buffer.from(cursor, 'base64url').toString());
  } catch {
    return undefined;
  }
}
