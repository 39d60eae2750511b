import { createHash } from 'node:crypto';
import { type CachedLink, REDIRECT_STATUSES } from '@terse/core/links/link';
import { isSafeTarget } from '@terse/core/links/original-url';

/** The longest a copy can be: an original URL has 2048 characters, and JSON writes each in at most six. */
export const MAX_COPY_LENGTH = 16_384;
/** The largest value of the column `version`. */
export const MAX_VERSION = 2_147_483_647;

/** Parses a copy of the link; `undefined` when the text is no copy, because another program or a defect wrote it. */
export function readCopy(text: string, code: string): CachedLink | undefined {
  if (text.length > MAX_COPY_LENGTH) return undefined;
  try {
    const copy: unknown = JSON.parse(text);
    return isCopy(copy, code) ? copy : undefined;
  } catch {
    return undefined;
  }
}

export function digestOf(text: string): string {
  return createHash('sha1').update(text).digest('hex');
}

function isCopy(copy: unknown, code: string): copy is CachedLink {
  if (typeof copy !== 'object' || copy === null) return false;
  const { short_code, state, version, ...rest } = copy as Readonly<Record<string, unknown>>;
  if (short_code !== code || !isVersion(version)) return false;
  return state === 'active' ? isActive(rest) : state === 'deleted' || state === 'unknown';
}

function isVersion(version: unknown): boolean {
  return Number.isInteger(version) && Number(version) >= 0 && Number(version) <= MAX_VERSION;
}

function isActive({
  original_url,
  redirect_status,
  expires_at,
  pinned,
  read_at,
}: Readonly<Record<string, unknown>>): boolean {
  return (
    typeof original_url === 'string' &&
    (REDIRECT_STATUSES as readonly unknown[]).includes(redirect_status) &&
    (expires_at === null || Number.isFinite(expires_at)) &&
    typeof pinned === 'boolean' &&
    Number.isFinite(read_at) &&
    isSafeTarget(original_url)
  );
}
