import { LRUCache } from 'lru-cache';
import type { Clock } from '@terse/platform/clock';
import type { CachedLink } from '../link.ts';
import type { ShortCode } from '../short-code.ts';
import { isSameLink, type PreparedLink, prepare } from './decide.ts';

/** A link that this process knows. */
export interface KnownLink {
  readonly link: PreparedLink;
  /** By the monotonic clock, in milliseconds. */
  loadedAt: number;
  /** Whether a reload in the background is under way. */
  isReloading: boolean;
}

/** The links that this process has loaded. The least recently used leaves first. */
export interface LinkMemory {
  get(code: ShortCode): KnownLink | undefined;
  /** Keeps what was loaded. An unchanged link keeps its entry, so the reload makes no long-lived garbage. */
  put(code: ShortCode, copy: CachedLink): PreparedLink;
  /** Renews a link that could not be reloaded; `undefined` when it is not in memory. */
  keep(code: ShortCode): PreparedLink | undefined;
}

export function createLinkMemory({
  maxEntries,
  clock,
}: {
  readonly maxEntries: number;
  readonly clock: Pick<Clock, 'monotonic'>;
}): LinkMemory {
  const entries = new LRUCache<ShortCode, KnownLink>({ max: maxEntries });

  function renew(known: KnownLink): PreparedLink {
    known.loadedAt = clock.monotonic();
    known.isReloading = false;
    return known.link;
  }

  return {
    get: (code) => entries.get(code),

    put: (code, copy) => {
      const known = entries.peek(code);
      if (known && isSameLink(known.link.copy, copy)) return renew(known);
      const link = prepare(copy);
      entries.set(code, { link, loadedAt: clock.monotonic(), isReloading: false });
      return link;
    },

    keep: (code) => {
      const known = entries.peek(code);
      return known && renew(known);
    },
  };
}
