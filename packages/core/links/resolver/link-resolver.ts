import { LRUCache } from 'lru-cache';
import { batched, MAX_BATCH_SIZE } from '@terse/platform/batched';
import type { Clock } from '@terse/platform/clock';
import { DomainError } from '../../errors.ts';
import { type ActiveLink, type CachedLink, type Link, type RedirectStatus, toCachedLink } from '../link.ts';
import type { Metrics } from '../../metrics.ts';
import { isSafeTarget } from '../original-url.ts';
import type { ShortCode } from '../short-code.ts';
import type { Cache, UrlRepository } from '../ports.ts';

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
  readonly cache: Pick<Cache, 'getAll' | 'put'>;
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
  /** It is about to be loaded again, and nobody waits for that. */
  isLoadedAhead: boolean;
}

const REFRESH_PINNED_AFTER_MS = 60_000;
/** Loading a link costs several times what following it does, and nearly nothing beside others in the same command. */
const GATHER_AHEAD_MS = 50;

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

  /** Codes that will be loaded again together. */
  let ahead: ShortCode[] = [];

  const getCached = batched(copiesOf);
  const find = batched<ShortCode, Link | undefined>(async (codes) => {
    try {
      return await repository.findAll(codes);
    } catch (error) {
      throw new DomainError('unavailable', 'Links cannot be looked up right now.', [], { cause: error });
    }
  });

  // Here and below `then` instead of `await`: thousands may wait at once, each for several, and each waiting function is memory.
  function loadOnce(code: ShortCode): Promise<Resolution> {
    return loading.get(code) ?? load(code, read(code));
  }

  function read(code: ShortCode): Promise<CachedLink> {
    return getCached(code).then((copy) => copy ?? readThrough(code));
  }

  /** What cannot be loaded anew stays as it is for another `maxAgeMs`. */
  function load(code: ShortCode, link: Promise<CachedLink>): Promise<Resolution> {
    const loaded = link.then(
      (found) => {
        loading.delete(code);
        return ifNotExpired(remember(code, found));
      },
      (error: unknown) => {
        loading.delete(code);
        const remembered = memory.peek(code);
        if (!remembered) throw error;
        return ifNotExpired(refresh(remembered));
      },
    );
    loading.set(code, loaded);
    return loaded;
  }

  function loadAhead(code: ShortCode, remembered: Remembered): void {
    if (remembered.isLoadedAhead) return;
    remembered.isLoadedAhead = true;
    if (ahead.length === 0) void clock.sleep(GATHER_AHEAD_MS).then(loadGathered);
    ahead.push(code);
    if (ahead.length >= MAX_BATCH_SIZE) void loadGathered();
  }

  /** All of them in one go: a promise for each would cost more than the loading. */
  async function loadGathered(): Promise<void> {
    const codes = ahead;
    ahead = [];
    if (codes.length === 0) return;
    const copies = await copiesOf(codes);
    for (const [index, code] of codes.entries()) {
      const copy = copies[index];
      if (copy) remember(code, copy);
      else if (!loading.has(code)) load(code, readThrough(code)).catch(() => {});
    }
  }

  /** What is as it was, as nearly all of it is, stays in its place: what was loaded again is garbage while it is young. */
  function remember(code: ShortCode, link: CachedLink): Resolution {
    const known = memory.peek(code);
    if (known && isAsRead(known.resolution, link)) return refresh(known);
    const resolution = toResolution(link);
    memory.set(code, { resolution, loadedAt: clock.monotonic(), isLoadedAhead: false });
    return resolution;
  }

  function refresh(remembered: Remembered): Resolution {
    remembered.loadedAt = clock.monotonic();
    remembered.isLoadedAhead = false;
    return remembered.resolution;
  }

  /** What the cache has of each, which is nothing while it is down. */
  function copiesOf(codes: readonly ShortCode[]): Promise<(CachedLink | undefined)[]> {
    return cache.getAll(codes).then(
      (copies) => {
        for (const [index, code] of codes.entries()) {
          const copy = copies[index];
          if (!copy) continue;
          metrics.resolved('cache');
          if (isDueForRefresh(copy)) readThrough(code).catch(() => {});
        }
        return copies;
      },
      () => {
        metrics.cacheFailed('get');
        return codes.map(() => undefined);
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
      if (age > loadAheadAfterMs) loadAhead(code, remembered);
      return ifNotExpired(remembered.resolution);
    },
  };
}

/** Whether a link leads where this says, so that it need not be made again. */
function isAsRead(resolution: Resolution, link: CachedLink): boolean {
  if (link.state !== 'active') return resolution.kind === link.state;
  return (
    resolution.kind === 'redirect' &&
    resolution.location === link.original_url &&
    resolution.status === link.redirect_status &&
    resolution.expiresAt === expiryOf(link)
  );
}

function toResolution(link: CachedLink): Resolution {
  if (link.state !== 'active') return link.state === 'deleted' ? DELETED : UNKNOWN;
  if (!isSafeTarget(link.original_url)) return BLOCKED;
  return {
    kind: 'redirect',
    location: link.original_url,
    status: link.redirect_status,
    expiresAt: expiryOf(link),
  };
}

function expiryOf(link: ActiveLink): number {
  return link.expires_at ?? Number.POSITIVE_INFINITY;
}
