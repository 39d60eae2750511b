import type { Link } from '@terse/core/link';

/** A link as the API shows it. */
export type LinkView = Omit<Link, 'version'> & { readonly short_url: string };

export function createLinkView(baseUrl: URL): (link: Link) => LinkView {
  const beginning = new URL('.', baseUrl).href;
  return (link) => ({
    short_code: link.short_code,
    short_url: `${beginning}${link.short_code}`,
    original_url: link.original_url,
    redirect_status: link.redirect_status,
    visit_count: link.visit_count,
    title: link.title,
    tags: link.tags,
    pinned: link.pinned,
    expires_at: link.expires_at,
    created_at: link.created_at,
    updated_at: link.updated_at,
    deleted_at: link.deleted_at,
  });
}
