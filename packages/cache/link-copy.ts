import { createHash } from 'node:crypto';
import { type AbsentLink, type ActiveLink, type CachedLink, REDIRECT_STATUSES } from '@terse/core/links/link';
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

/** A check for each other field of an active link. */
const FIELDS = {
  original_url: (value) => typeof value === 'string' && isSafeTarget(value),
  redirect_status: (value) => (REDIRECT_STATUSES as readonly unknown[]).includes(value),
  expires_at: (value) => value === null || Number.isFinite(value),
  pinned: (value) => typeof value === 'boolean',
  read_at: (value) => Number.isFinite(value),
} satisfies Record<Exclude<keyof ActiveLink, keyof AbsentLink>, (value: unknown) => boolean>;

const CHECKS = Object.entries(FIELDS);

function isActive(fields: Readonly<Record<string, unknown>>): boolean {
  return CHECKS.every(([name, isRight]) => isRight(fields[name]));
}
