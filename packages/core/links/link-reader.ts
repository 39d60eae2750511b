import type { CounterBatch } from '../counts/counter-batch.ts';
import type { Counter } from '../counts/ports.ts';
import { DomainError, invalidField, linkNotFound } from '../errors.ts';
import type { Metrics } from '../metrics.ts';
import type { Link } from './link.ts';
import { parseSearch } from './link-search.ts';
import type { IsOwnUrl } from './own-urls.ts';
import type { LinkFilter, LinkRepository } from './ports.ts';
import type { ShortCode } from './short-code.ts';

export interface ListFilter extends Omit<LinkFilter, 'search'> {
  /** Part of the short code, original URL or title in any spelling, or the short URL. */
  readonly search?: string | undefined;
}

export interface LinkPage {
  readonly links: readonly Link[];
  /** The code after which the next page begins, if there is one. */
  readonly next: ShortCode | undefined;
}

/** Reads links with all visits so far; without those that are not flushed yet, while the counter does not answer. */
export interface LinkReader {
  /** @throws DomainError `link_not_found` or `link_deleted`. */
  read(code: ShortCode): Promise<Link>;
  /**
   * Newest first, from the link after the one with the code `after`.
   * @throws DomainError `invalid_request` on `cursor` when there was never a link with that code.
   */
  list(filter: ListFilter, limit: number, after?: ShortCode): Promise<LinkPage>;
}

export interface LinkReaderOptions {
  readonly repository: Pick<LinkRepository, 'find' | 'page' | 'read'>;
  readonly counter: Pick<Counter, 'pending'>;
  readonly metrics: Pick<Metrics, 'cacheFailed'>;
  readonly isOwnUrl: IsOwnUrl;
}

export function createLinkReader(options: LinkReaderOptions): LinkReader {
  const { repository, counter, metrics, isOwnUrl } = options;

  async function readAll(codes: readonly ShortCode[]): Promise<Link[]> {
    return repository.read(codes, await pending(codes));
  }

  async function pending(codes: readonly ShortCode[]): Promise<readonly CounterBatch[]> {
    try {
      return await counter.pending(codes);
    } catch {
      metrics.cacheFailed('get');
      return [];
    }
  }

  return {
    read: async (code) => {
      const [link] = await readAll([code]);
      if (!link) throw linkNotFound(code);
      if (link.deleted_at) throw new DomainError('link_deleted', `The link "${code}" was deleted.`);
      return link;
    },

    list: async (filter, limit, after) => {
      const { codes, next } = await repository.page(
        { ...filter, search: filter.search === undefined ? undefined : parseSearch(filter.search, isOwnUrl) },
        limit,
        after,
      );
      if (after !== undefined && codes.length === 0 && !(await repository.find(after))) {
        throw invalidField('cursor', 'is not a cursor that this API gave');
      }
      return { links: await readAll(codes), next };
    },
  };
}
