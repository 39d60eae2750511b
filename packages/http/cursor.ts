export const NO_CURSOR = 'is not a cursor that this API gave';

const BASE64URL = /^[\w-]+$/;

/** Where a page ended, as an opaque text that fits into a URL. */
export function encodeCursor(position: unknown): string {
  return Buffer.from(JSON.stringify(position)).toString('base64url');
}

/** What `encodeCursor` was given, still to be checked; `undefined` when it is no cursor. */
export function decodeCursor(cursor: string): unknown {
  if (!BASE64URL.test(cursor)) return undefined;
  try {
    return JSON.parse(Buffer.from(cursor, 'base64url').toString());
  } catch {
    return undefined;
  }
}
