import type { CachedLink } from '@terse/core/links/link';

/** How long each kind of copy lives. */
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
