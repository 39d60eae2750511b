import type { CachedLink } from '@terse/core/link';
import type { ShortCode } from '@terse/core/short-code';

/**
 * Links by short code, shared by every function. A copy never replaces a newer one (by `version`), so a slow reader
 * cannot bring back what a change has just overwritten.
 */
export interface Cache {
  /** Each in the place of its code, in one command: a hundred at most, or others wait. */
  getAll(codes: readonly ShortCode[]): Promise<(CachedLink | undefined)[]>;
  /** Stores the link for the time its kind is kept, a pinned one until it is replaced. */
  put(link: CachedLink): Promise<void>;
}

/** How long each kind is kept. */
export interface CacheLifetimes {
  readonly linkTtlSeconds: number;
  /** For unknown and deleted codes. */
  readonly absentTtlSeconds: number;
}

/** The time to live of a copy, or `undefined` when it does not age. */
export function ttlSeconds(link: CachedLink, lifetimes: CacheLifetimes): number | undefined {
  if (link.state !== 'active') return lifetimes.absentTtlSeconds;
  return link.pinned ? undefined : lifetimes.linkTtlSeconds;
}
