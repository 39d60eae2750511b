import { linkNotFound } from '../errors.ts';
import { type CacheWarmerOptions, createCacheWarmer } from './cache-warmer.ts';
import type { Link } from './link.ts';
import { createLink, createLinks } from './link-creation.ts';
import { createLinkReader, type LinkReader, type LinkReaderOptions } from './link-reader.ts';
import { type LinkChanges, type NewLink, prepareChanges, prepareLink, prepareLinks } from './new-link.ts';
import type { LinkRepository } from './ports.ts';
import { parseShortCode, type ShortCode } from './short-code.ts';

/**
 * Creates, reads and changes links. Every change is in the shared cache before the answer; while the cache is down, as
 * soon as it is back.
 */
export interface LinkService extends Pick<LinkReader, 'list'> {
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
  /** @throws DomainError `invalid_request`, `link_not_found` or `link_deleted`. */
  change(code: string, changes: LinkChanges): Promise<Link>;
  /** Soft-deletes; a deleted link stays deleted. @throws DomainError `link_not_found`. */
  remove(code: string): Promise<void>;
  /** Brings a deleted link back; an active one stays as it is. @throws DomainError `link_not_found`. */
  restore(code: string): Promise<Link>;
}

export interface LinkServiceOptions extends CacheWarmerOptions, LinkReaderOptions {
  readonly repository: LinkRepository;
}

export function createLinkService(options: LinkServiceOptions): LinkService {
  const { repository, isOwnUrl, clock } = options;
  const { warm, warmAll } = createCacheWarmer(options);
  const { read, list } = createLinkReader(options);
  const checks = () => ({ isOwnUrl, now: clock.now() });

  return {
    shorten: async (link) => {
      const created = await createLink(repository, prepareLink(link, checks()));
      await warm(created);
      return created;
    },

    shortenAll: async (links) => {
      const created = await createLinks(repository, prepareLinks(links, checks()));
      await warmAll(created);
      return created;
    },

    read: async (text) => read(existing(text)),

    list,

    change: async (text, given) => {
      const code = existing(text);
      const changes = prepareChanges(given, isOwnUrl);
      if (Object.keys(changes).length === 0) return read(code);
      const changed = await repository.change(code, changes);
      if (changed) await warm(changed);
      return read(code);
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
      return read(code);
    },
  };
}

function existing(text: string): ShortCode {
  const code = parseShortCode(text);
  if (!code) throw linkNotFound(text);
  return code;
}
