import type { LinkSearch } from './link-search.ts';
import type { ShortCode } from './short-code.ts';
import type { Link, LinkOptions, CachedLink } from './link.ts';
import type { CounterBatch } from '../counts/counter-batch.ts';

export interface LinkFilter {
  /** Tags in NFC; a link must have all of them. */
  readonly tags?: readonly string[] | undefined;
  readonly search?: LinkSearch | undefined;
  readonly visibility: Visibility;
}

export interface PageOfCodes {
  readonly codes: readonly ShortCode[];
  /** The code after which the next page begins, if there is one. */
  readonly next: ShortCode | undefined;
}

export type LinkValues = Pick<Link, 'short_code' | 'original_url'> & LinkOptions;

export type LinkChange = Partial<Omit<LinkValues, 'short_code'>>;

export type CreatedLinks = { readonly created: Link[] } | { readonly taken: readonly ShortCode[] };

/** Links as they are stored. Every change raises `version`. */
export interface LinkRepository {
  /** The link, deleted or not, in one statement by its key. */
  find(code: ShortCode): Promise<Link | undefined>;
  /** The links of many codes, each in the place of its code, in one statement. */
  findAll(codes: readonly ShortCode[]): Promise<(Link | undefined)[]>;
  /** The new link, or `undefined` when the code is in use, also by a deleted link. */
  create(values: LinkValues): Promise<Link | undefined>;
  /** Creates all links, in their order; or none, and tells which codes are in use. */
  createAll(values: readonly LinkValues[]): Promise<CreatedLinks>;
  /** The changed link, or `undefined` when there is no such active link. */
  change(code: ShortCode, changes: LinkChange): Promise<Link | undefined>;
  remove(code: ShortCode): Promise<Link | undefined>;
  restore(code: ShortCode): Promise<Link | undefined>;
  /** The codes of matching links, newest first. An unknown `after` gives an empty page. */
  page(filter: LinkFilter, limit: number, after?: ShortCode): Promise<PageOfCodes>;
  /**
   * The links, also deleted ones, newest first. Their `visit_count` includes the given batches, each exactly once: one
   * snapshot tells the counts and which batches the repository has applied.
   */
  read(codes: readonly ShortCode[], pending: readonly CounterBatch[]): Promise<Link[]>;
}

/** Which rows a query sees. */
export type Visibility = 'active' | 'deleted' | 'all';

/**
 * Links by short code, shared by every function. A copy never replaces a newer one (by `version`), so a slow reader
 * cannot bring back what a change has just overwritten.
 */
export interface Cache {
  /** The copies, each in the place of its code, in one command. At most a hundred: a longer command holds up others. */
  getAll(codes: readonly ShortCode[]): Promise<(CachedLink | undefined)[]>;
  /** Stores a copy for the lifetime of its kind; a pinned one until it is replaced. */
  put(link: CachedLink): Promise<void>;
}
