import type { ShortCode } from './short-code.ts';

export const REDIRECT_STATUSES = [301, 302, 307, 308] as const;
export type RedirectStatus = (typeof REDIRECT_STATUSES)[number];

/** What people choose for a link, beside its short code and its target. */
export interface LinkOptions {
  readonly redirect_status: RedirectStatus;
  readonly expires_at: Date | null;
  /**
   * A pinned link never leaves the cache by age, so it works while the database is down, however rarely it is
   * visited.
   */
  readonly pinned: boolean;
  readonly title: string | null;
  readonly tags: readonly string[];
}

/** The options of a new link that chooses none. */
export const LINK_DEFAULTS: LinkOptions = {
  redirect_status: 307,
  expires_at: null,
  pinned: false,
  title: null,
  tags: [],
};

/** A link as it is stored; the names are those of the columns and of the API. */
export interface Link extends LinkOptions {
  readonly short_code: ShortCode;
  readonly original_url: string;
  /** Visits by people; crawlers and `HEAD` requests are not among them. */
  readonly visit_count: number;
  /** Raised by every change, so that a cache can tell which of two copies is newer. */
  readonly version: number;
  readonly created_at: Date;
  readonly updated_at: Date;
  readonly deleted_at: Date | null;
}

/** What a cache remembers of a short code: enough to redirect, or that there is nothing to redirect to. */
export type CachedLink = ActiveLink | AbsentLink;

export interface ActiveLink {
  readonly state: 'active';
  readonly short_code: ShortCode;
  readonly version: number;
  readonly original_url: string;
  readonly redirect_status: RedirectStatus;
  /** Milliseconds since the epoch. */
  readonly expires_at: number | null;
  readonly pinned: boolean;
  /** When it was read from the repository, in milliseconds since the epoch. */
  readonly read_at: number;
}

export interface AbsentLink {
  readonly state: 'deleted' | 'unknown';
  readonly short_code: ShortCode;
  /** 0 for a code that was never seen, so that any link is newer. */
  readonly version: number;
}

/** The copy to cache for a code, made from the link that the repository has for it at the time `now`. */
export function toCachedLink(code: ShortCode, link: Link | undefined, now: number): CachedLink {
  if (!link) return { state: 'unknown', short_code: code, version: 0 };
  if (link.deleted_at) return { state: 'deleted', short_code: code, version: link.version };
  return {
    state: 'active',
    short_code: code,
    version: link.version,
    original_url: link.original_url,
    redirect_status: link.redirect_status,
    expires_at: link.expires_at?.getTime() ?? null,
    pinned: link.pinned,
    read_at: now,
  };
}
