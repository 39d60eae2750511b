import { LRUCache } from 'lru-cache';
import type { Clock } from '@terse/platform/clock';
import type { CachedLink } from '@terse/core/links/link';
import type { ShortCode } from '@terse/core/links/short-code';
import { type CacheLifetimes, ttlSeconds } from './cache.ts';
import type { Cache } from '@terse/core/links/ports';

/** A cache inside this process, bounded by its number of entries. */
export function createMemoryCache(options: CacheLifetimes & { maxEntries: number; clock: Clock }): Cache {
  const entries = new LRUCache<ShortCode, CachedLink>({
    max: options.maxEntries,
    perf: { now: options.clock.monotonic },
    ttlResolution: 0,
  });
  return {
    getAll: (codes) => Promise.resolve(codes.map((code) => entries.get(code))),
    put: (link) => {
      const present = entries.get(link.short_code);
      if (!present || present.version <= link.version) {
        entries.set(link.short_code, link, { ttl: (ttlSeconds(link, options) ?? 0) * 1000 });
      }
      return Promise.resolve();
    },
  };
}
