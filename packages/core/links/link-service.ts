import type { Clock } from '@terse/platform/clock';
import type { CounterBatch } from '../counts/counter-batch.ts';
import { DomainError, invalidField, linkNotFound } from '../errors.ts';
import { type CachedLink, type Link, toCachedLink } from './link.ts';
import { parseSearch } from './link-search.ts';
import type { Metrics } from '../metrics.ts';
import { type NewLink, type PreparedLink, prepareLink, prepareLinks } from './new-link.ts';
import { parseOriginalUrl } from './original-url.ts';
import type { IsOwnUrl } from './own-urls.ts';
import { generateShortCode, isReserved, parseShortCode, type ShortCode } from './short-code.ts';
import type { Cache, LinkFilter, LinkRepository } from './ports.ts';
import type { Counter } from '../counts/ports.ts';

const MAX_CODE_ATTEMPTS = 5;
/** A change that the cache did not take is tried again, so many of them at a time. */
const MAX_WARMING = 1000;
const WARM_EVERY_MS = 500;
const WARM_TRIES = 120;
const WARM_AT_ONCE = 50;

/** What may change of a link; a short code never does. */
export type LinkChanges = { readonly [K in Exclude<keyof NewLink, 'short_code'>]?: NewLink[K] | undefined };

export interface ListFilter extends Omit<LinkFilter, 'search'> {
  /** Part of the short code, original URL or title in any spelling, or the short URL. */
  readonly search?: string | undefined;
}

export interface LinkPage {
  readonly links: readonly Link[];
  /** The code after which the next page begins, if there is one. */
  readonly next: ShortCode | undefined;
}

/**
 * What people do with links. Every change is in the shared cache before it is answered, or, while that is down, as soon
 * as it is back.
 */
export interface LinkService {
  /**
   * Creates a link, under a custom code or a generated one.
   * @throws DomainError `invalid_request`, or `short_code_taken` (also by a deleted link: codes are never reused).
   */
  shorten(link: NewLink): Promise<Link>;
  /**
   * Creates all of these links, in their order, or none.
   * @throws DomainError as `shorten`, with every field that is wrong, such as `links.2.original_url`.
   */
  shortenAll(links: readonly NewLink[]): Promise<Link[]>;
  /** @throws DomainError `link_not_found` or `link_deleted`. */
  read(code: string): Promise<Link>;
  /**
   * Newest first, from the link after the one with the code `after`.
   * @throws DomainError `invalid_request` on `cursor` when there was never a link with that code.
   */
  list(filter: ListFilter, limit: number, after?: ShortCode): Promise<LinkPage>;
  /** @throws DomainError `invalid_request`, `link_not_found` or `link_deleted`. */
  change(code: string, changes: LinkChanges): Promise<Link>;
  /** Soft-deletes; a deleted link stays deleted. @throws DomainError `link_not_found`. */
  remove(code: string): Promise<void>;
  /** Brings a deleted link back; an active one stays as it is. @throws DomainError `link_not_found`. */
  restore(code: string): Promise<Link>;
}

export interface LinkServiceOptions {
  readonly repository: LinkRepository;
  readonly cache: Pick<Cache, 'put'>;
  readonly counter: Pick<Counter, 'pending'>;
  readonly metrics: Pick<Metrics, 'cacheFailed'>;
  readonly isOwnUrl: IsOwnUrl;
  readonly clock: Clock;
}

export function createLinkService(options: LinkServiceOptions): LinkService {
  const { repository, cache, counter, metrics, isOwnUrl, clock } = options;
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

  /** Until it succeeds or every older copy has aged; a newer change that came first stays. */
  async function warmLater(copy: CachedLink): Promise<void> {
    warming++;
    for (let tries = 0, done = false; !done && tries < WARM_TRIES; tries++) {
      await clock.sleep(WARM_EVERY_MS);
      done = await put(copy);
    }
    warming--;
  }

  /** The links with their visits so far, flushed or not; only flushed ones while the counter does not answer. */
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

  async function readActive(code: ShortCode): Promise<Link> {
    const [link] = await readAll([code]);
    if (!link) throw linkNotFound(code);
    if (link.deleted_at) throw new DomainError('link_deleted', `The link "${code}" was deleted.`);
    return link;
  }

  const checks = () => ({ isOwnUrl, now: clock.now() });

  async function create({ customCode, values }: PreparedLink): Promise<Link> {
    for (let attempt = 0; attempt < MAX_CODE_ATTEMPTS; attempt++) {
      const created = await repository.create({ ...values, short_code: customCode ?? generateFreshCode() });
      if (created) return created;
      if (customCode !== undefined) throw takenCodes([{ field: 'short_code', code: customCode }]);
    }
    throw noFreeCode();
  }

  async function createAll(prepared: readonly PreparedLink[]): Promise<Link[]> {
    for (let attempt = 0; attempt < MAX_CODE_ATTEMPTS; attempt++) {
      const links = prepared.map(({ customCode, values }) => ({
        ...values,
        short_code: customCode ?? generateFreshCode(),
      }));
      const outcome = await repository.createAll(links);
      if ('created' in outcome) return outcome.created;
      const taken = prepared.flatMap(({ customCode }, index) =>
        customCode !== undefined && outcome.taken.includes(customCode)
          ? [{ field: `links.${index}.short_code`, code: customCode }]
          : [],
      );
      if (taken.length > 0) throw takenCodes(taken);
    }
    throw noFreeCode();
  }

  async function warmAll(links: readonly Link[]): Promise<void> {
    for (let start = 0; start < links.length; start += WARM_AT_ONCE) {
      await Promise.all(links.slice(start, start + WARM_AT_ONCE).map(warm));
    }
  }

  return {
    shorten: async (link) => {
      const created = await create(prepareLink(link, checks()));
      await warm(created);
      return created;
    },

    shortenAll: async (links) => {
      const created = await createAll(prepareLinks(links, checks()));
      await warmAll(created);
      return created;
    },

    read: (code) => readActive(existing(code)),

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

    change: async (text, given) => {
      const code = existing(text);
      if (Object.values(given).every((value) => value === undefined)) return readActive(code);
      const { original_url, tags, ...changes } = given;
      const changed = await repository.change(code, {
        ...changes,
        ...(original_url !== undefined && { original_url: parseOriginalUrl(original_url, isOwnUrl) }),
        ...(tags !== undefined && { tags: [...new Set(tags)] }),
      });
      if (changed) await warm(changed);
      return readActive(code);
    },

    remove: async (text) => {
      const code = existing(text);
      const removed = await repository.remove(code);
      if (removed) await warm(removed);
      else if (!(await repository.find(code))) throw linkNotFound(code);
    },

    restore: async (text) => {
      const code = existing(text);
      const restored = await repository.restore(code);
      if (restored) await warm(restored);
      return readActive(code);
    },
  };
}

function existing(text: string): ShortCode {
  const code = parseShortCode(text);
  if (!code) throw linkNotFound(text);
  return code;
}

function generateFreshCode(): ShortCode {
  for (;;) {
    const code = generateShortCode();
    if (!isReserved(code)) return code;
  }
}

function noFreeCode(): DomainError {
  return new DomainError('unavailable', 'No free short code was found. Try again.');
}

function takenCodes(taken: readonly { field: string; code: ShortCode }[]): DomainError {
  const codes = taken.map(({ code }) => `"${code}"`).join(', ');
  return new DomainError(
    'short_code_taken',
    taken.length === 1 ? `The short code ${codes} is taken.` : `These short codes are taken: ${codes}.`,
    taken.map(({ field }) => ({
      field,
      message: 'is taken; codes of deleted links are not used again',
    })),
  );
}
