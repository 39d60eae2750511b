import type { Clock } from '@terse/platform/clock';
import type { Metrics } from '../metrics.ts';
import { type CachedLink, type Link, toCachedLink } from './link.ts';
import type { Cache } from './ports.ts';

/** How many changes that the cache did not take may wait for another try. */
const MAX_WARMING = 1000;
const WARM_EVERY_MS = 500;
const WARM_TRIES = 120;
const WARM_AT_ONCE = 50;

/** Brings changed links into the shared cache. */
export interface CacheWarmer {
  /** Resolves when the cache has the link. It resolves after a failure, too, and then tries again in the background. */
  warm(link: Link): Promise<void>;
  /** Warms many links. */
  warmAll(links: readonly Link[]): Promise<void>;
}

export interface CacheWarmerOptions {
  readonly cache: Pick<Cache, 'put'>;
  readonly metrics: Pick<Metrics, 'cacheFailed'>;
  readonly clock: Pick<Clock, 'now' | 'sleep'>;
}

export function createCacheWarmer({ cache, metrics, clock }: CacheWarmerOptions): CacheWarmer {
  let warming = 0;

  async function warm(link: Link): Promise<void> {
    const copy = toCachedLink(link.short_code, link, clock.now());
    if (!(await put(copy)) && warming < MAX_WARMING) void warmLater(copy);
  }

  async function put(copy: CachedLink): Promise<boolean> {
    try {
      await cache.put(copy);
      return true;
    } catch {
      metrics.cacheFailed('put');
      return false;
    }
  }

  /** Tries until it succeeds, or every older copy has aged. A newer copy in the cache stays. */
  async function warmLater(copy: CachedLink): Promise<void> {
    warming++;
    for (let tries = 0, done = false; !done && tries < WARM_TRIES; tries++) {
      await clock.sleep(WARM_EVERY_MS);
      done = await put(copy);
    }
    warming--;
  }

  return {
    warm,
    warmAll: async (links) => {
      for (let start = 0; start < links.length; start += WARM_AT_ONCE) {
        await Promise.all(links.slice(start, start + WARM_AT_ONCE).map(warm));
      }
    },
  };
}
