import { batched } from '@terse/platform/batched';
import type { Clock } from '@terse/platform/clock';
import { MINUTE_MS } from '@terse/platform/durations';
import { DomainError } from '../../errors.ts';
import type { Metrics } from '../../metrics.ts';
import { type CachedLink, type Link, toCachedLink } from '../link.ts';
import type { Cache, LinkRepository } from '../ports.ts';
import type { ShortCode } from '../short-code.ts';

/** Loads links from the shared cache, and those that it lacks from the repository. */
export interface LinkLoader {
  /** @throws DomainError `unavailable` when the cache does not have the link and the repository does not answer. */
  load(code: ShortCode): Promise<CachedLink>;
  /** Loads from the repository, and then stores the copy in the cache. */
  readThrough(code: ShortCode): Promise<CachedLink>;
  /** The cached copy of each code; none while the cache is down. */
  copiesOf(codes: readonly ShortCode[]): Promise<(CachedLink | undefined)[]>;
}

export interface LinkLoaderOptions {
  readonly cache: Pick<Cache, 'getAll' | 'put'>;
  readonly repository: Pick<LinkRepository, 'findAll'>;
  readonly clock: Pick<Clock, 'now'>;
  readonly metrics: Pick<Metrics, 'resolved' | 'cacheFailed'>;
}

const REFRESH_PINNED_AFTER_MS = MINUTE_MS;

export function createLinkLoader({ cache, repository, clock, metrics }: LinkLoaderOptions): LinkLoader {
  const getCopy = batched(copiesOf);
  const find = batched<ShortCode, Link | undefined>(async (codes) => {
    try {
      return await repository.findAll(codes);
    } catch (error) {
      throw new DomainError('unavailable', 'Links cannot be looked up right now.', [], { cause: error });
    }
  });

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

  // `then` instead of `await`: thousands may wait at once, and each waiting async function costs memory.
  function readThrough(code: ShortCode): Promise<CachedLink> {
    return find(code).then((link) => {
      const found = toCachedLink(code, link, clock.now());
      metrics.resolved('repository');
      cache.put(found).catch(() => metrics.cacheFailed('put'));
      return found;
    });
  }

  /** A pinned copy does not age. This bounds how long a change that did not reach the cache stays unseen. */
  function isDueForRefresh(copy: CachedLink): boolean {
    return (
      copy.state === 'active' && copy.pinned && Math.abs(clock.now() - copy.read_at) > REFRESH_PINNED_AFTER_MS
    );
  }

  return {
    load: (code) => getCopy(code).then((copy) => copy ?? readThrough(code)),
    readThrough,
    copiesOf,
  };
}
