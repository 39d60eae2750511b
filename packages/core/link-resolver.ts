import { isDeepStrictEqual } from 'node:util';
import { LRUCache } from 'lru-cache';
import type { Cache } from '@terse/cache/cache';
import type { UrlRepository } from '@terse/repository/url-repository';
import { batched } from './batched.ts';
import type { Clock } from './clock.ts';
import { DomainError } from './errors.ts';
import { type CachedLink, type Link, type RedirectStatus, toCachedLink } from './link.ts';
import type { Metrics } from './metrics.ts';
import { isSafeTarget } from './original-url.ts';
import type { ShortCode } from './short-code.ts';

/** What a visitor of a short code is to be told. */
export type Resolution =
  | {
      readonly kind: 'redirect';
      readonly location: string;
      readonly status: RedirectStatus;
      readonly expiresAt: number;
    }
  | { readonly kind: 'unknown' | 'deleted' | 'expired' | 'blocked' };

/**
 * Finds what a short code leads to: this process's memory, then the shared cache, then the repository. Memory answers
 * synchronously; it is never older than 1.5 seconds, so a change is seen within two, unless the parts behind it are down.
 */
export interface LinkResolver {
  /** @throws DomainError `unavailable` when the code is not cached and the repository does not answer. */
  resolve(code: ShortCode): Resolution | Promise<Resolution>;
}

export interface LinkResolverOptions {
  readonly cache: Pick<Cache, 'get' | 'put'>;
  readonly repository: Pick<UrlRepository, 'findAll'>;
  readonly clock: Clock;
  readonly metrics: Pick<Metrics, 'resolved' | 'cacheFailed'>;
  readonly maxEntries?: number;
  /** How old an answer from memory may be. */
  readonly maxAgeMs?: number;
}

interface Remembered {
  readonly resolution: Resolution;
  /** By the monotonic clock. */
  loadedAt: number;
}

const REFRESH_PINNED_AFTER_MS = 60_000;
/** Loading a link costs several times what following it does, and nearly nothing beside others in the same command. */
const GATHER_AHEAD_MS = 50;
const MAX_AHEAD = 100;

const UNKNOWN: Resolution = { kind: 'unknown' };
const DELETED: Resolution = { kind: 'deleted' };
const EXPIRED: Resolution = { kind: 'expired' };
const BLOCKED: Resolution = { kind: 'blocked' };

export function createLinkResolver(options: LinkResolverOptions): LinkResolver {
  const { cache, repository, clock, metrics, maxEntries = 100_000, maxAgeMs = 1500 } = options;

  const memory = new LRUCache<ShortCode, Remembered>({ max: maxEntries });
  /** However many wait for a code, it is loaded once. */
  const loading = new Map<ShortCode, Promise<Resolution>>();
  /**
   * Who follows a link this long after it was loaded does not wait, but has it loaded again for those who come later. There is
   * time enough left for one of them to come, also where they are few.
   */
  const loadAheadAfterMs = maxAgeMs * 0.6;

  /** Codes that are to be loaded again, which nobody waits for. */
  const ahead = new Set<ShortCode>();

  const find = batched<ShortCode, Link | undefined>(async (codes) => {
    try {
      return await repository.findAll(codes);
    } catch (error) {
      throw new DomainError('unavailable', 'Links cannot be looked up right now.', [], { cause: error });
    }
  });

  function loadOnce(code: ShortCode): Promise<Resolution> {
    const underWay = loading.get(code);
    if (underWay) return underWay;
    const begun = load(code);
    loading.set(code, begun);
    return begun;
  }

  function loadAhead(code: ShortCode): void {
    if (loading.has(code)) return;
    if (ahead.size === 0) void clock.sleep(GATHER_AHEAD_MS).then(loadGathered);
    ahead.add(code);
    if (ahead.size >= MAX_AHEAD) loadGathered();
  }

  function loadGathered(): void {
    for (const code of ahead) loadOnce(code).catch(() => {});
    ahead.clear();
  }

  /** What cannot be loaded anew stays as it is for another `maxAgeMs`. */
  async function load(code: ShortCode): Promise<Resolution> {
    try {
      const resolution = toResolution((await getCached(code)) ?? (await readThrough(code)));
      remember(code, resolution);
      return ifNotExpired(resolution);
    } catch (error) {
      const remembered = memory.peek(code);
      if (!remembered) throw error;
      remembered.loadedAt = clock.monotonic();
      return ifNotExpired(remembered.resolution);
    } finally {
      loading.delete(code);
    }
  }

  /** What is as it was, as nearly all of it is, stays in its place: what was loaded again is garbage while it is young. */
  function remember(code: ShortCode, resolution: Resolution): void {
    const known = memory.peek(code);
    if (known && isDeepStrictEqual(known.resolution, resolution)) known.loadedAt = clock.monotonic();
    else memory.set(code, { resolution, loadedAt: clock.monotonic() });
  }

  // Here and below `then` instead of `await`: thousands may wait at once, each for several, and each waiting function is memory.
  function getCached(code: ShortCode): Promise<CachedLink | undefined> {
    return cache.get(code).then(
      (cached) => {
        if (!cached) return undefined;
        metrics.resolved('cache');
        if (isDueForRefresh(cached)) readThrough(code).catch(() => {});
        return cached;
      },
      () => {
        metrics.cacheFailed('get');
        return undefined;
      },
    );
  }

  function readThrough(code: ShortCode): Promise<CachedLink> {
    return find(code).then((link) => {
      const found = toCachedLink(code, link, clock.now());
      metrics.resolved('repository');
      cache.put(found).catch(() => metrics.cacheFailed('put'));
      return found;
    });
  }

  /** A pinned copy does not age, so a change that did not reach the cache would stay unseen; this bounds it. */
  function isDueForRefresh(link: CachedLink): boolean {
    return (
      link.state === 'active' && link.pinned && Math.abs(clock.now() - link.read_at) > REFRESH_PINNED_AFTER_MS
    );
  }

  function ifNotExpired(resolution: Resolution): Resolution {
    return resolution.kind === 'redirect' && resolution.expiresAt <= clock.now() ? EXPIRED : resolution;
  }

  return {
    resolve: (code) => {
      const remembered = memory.get(code);
      const age = remembered ? clock.monotonic() - remembered.loadedAt : Number.POSITIVE_INFINITY;
      if (!remembered || age > maxAgeMs) return loadOnce(code);
      metrics.resolved('memory');
      if (age > loadAheadAfterMs) loadAhead(code);
      return ifNotExpired(remembered.resolution);
    },
  };
}

function toResolution(link: CachedLink): Resolution {
  if (link.state !== 'active') return link.state === 'deleted' ? DELETED : UNKNOWN;
  if (!isSafeTarget(link.original_url)) return BLOCKED;
  return {
    kind: 'redirect',
    location: link.original_url,
    status: link.redirect_status,
    expiresAt: link.expires_at ?? Number.POSITIVE_INFINITY,
  };
}
