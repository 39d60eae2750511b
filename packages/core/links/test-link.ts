import { type ActiveLink, type Link, LINK_DEFAULTS, toCachedLink } from './link.ts';
import type { LinkValues } from './ports.ts';
import type { ShortCode } from './short-code.ts';
import type { Visitor } from './visitor.ts';

/** The values of an ordinary link. */
export const testValues: LinkValues = {
  short_code: 'hello' as ShortCode,
  original_url: 'https://example.com/',
  ...LINK_DEFAULTS,
};

/** An ordinary link. A test changes what matters to it. */
export const testLink: Link = {
  ...testValues,
  visit_count: 0,
  version: 1,
  created_at: new Date(0),
  updated_at: new Date(0),
  deleted_at: null,
};

/** A copy of `testLink`, read at time 0. */
export const testCopy = toCachedLink(testLink.short_code, testLink, 0) as ActiveLink;

/** A visitor of whom nothing is known. */
export const testVisitor: Visitor = { ip: null, userAgent: undefined, referrer: undefined, country: null };
