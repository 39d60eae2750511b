import type { CachedLink, RedirectStatus } from '../link.ts';
import { isSafeTarget } from '../original-url.ts';

/** What a visitor of a short code is told. */
export type Resolution = Redirect | { readonly kind: 'unknown' | 'deleted' | 'expired' | 'blocked' };

export interface Redirect {
  readonly kind: 'redirect';
  readonly location: string;
  readonly status: RedirectStatus;
}

/** A link in memory, with everything made that does not depend on the visitor: a hit makes nothing. */
export interface PreparedLink {
  readonly copy: CachedLink;
  /** What the link answers until it expires. */
  readonly answer: Resolution;
  /** Milliseconds since the epoch; infinity when it does not expire. */
  readonly expiresAt: number;
}

const UNKNOWN: Resolution = { kind: 'unknown' };
const DELETED: Resolution = { kind: 'deleted' };
const EXPIRED: Resolution = { kind: 'expired' };
const BLOCKED: Resolution = { kind: 'blocked' };

/** Decides what a visitor is told at a time. Runs for every visitor: no I/O, no promise, nothing allocated. */
export function decide(link: PreparedLink, now: number): Resolution {
  return link.expiresAt <= now ? EXPIRED : link.answer;
}

/** Does once for a link what `decide` would otherwise repeat for each visitor. */
export function prepare(copy: CachedLink): PreparedLink {
  if (copy.state !== 'active') {
    return { copy, answer: copy.state === 'deleted' ? DELETED : UNKNOWN, expiresAt: Infinity };
  }
  const { original_url: location, redirect_status: status, expires_at } = copy;
  if (!isSafeTarget(location)) return { copy, answer: BLOCKED, expiresAt: Infinity };
  return { copy, answer: { kind: 'redirect', location, status }, expiresAt: expires_at ?? Infinity };
}

/** Whether two copies of a link are answered alike. */
export function isSameLink(one: CachedLink, other: CachedLink): boolean {
  if (one.state !== 'active' || other.state !== 'active') return one.state === other.state;
  return (
    one.original_url === other.original_url &&
    one.redirect_status === other.redirect_status &&
    one.expires_at === other.expires_at
  );
}
