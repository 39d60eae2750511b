import type { Link } from './link.ts';
import type { ShortCode } from './short-code.ts';

/** A link like any other, for tests to change what matters to them. */
export const testLink: Link = {
  short_code: 'hello' as ShortCode,
  original_url: 'https://example.com/',
  redirect_status: 307,
  visit_count: 0,
  expires_at: null,
  pinned: false,
  title: null,
  tags: [],
  version: 1,
  created_at: new Date(0),
  updated_at: new Date(0),
  deleted_at: null,
};
