import type { Link } from '@terse/core/links/link';

type PointsInTime = 'expires_at' | 'created_at' | 'updated_at' | 'deleted_at';

/** A link as the API shows it. */
export type LinkView = Omit<Link, 'version' | PointsInTime> & {
  readonly [K in PointsInTime]: string | Extract<Link[K], null>;
} & { readonly short_url: string };

export function createLinkView(baseUrl: URL): (link: Link) => LinkView {
  const beginning = new URL('.', baseUrl).href;
  return (link) => ({
    short_code: link.short_code,
    short_url: `${beginning}${link.short_code}`,
    original_url: link.original_url,
    redirect_status: link.redirect_status,
    visit_count: link.visit_count,
    title: link.title,
    tags: textsOf(link.tags),
    pinned: link.pinned,
    // `JSON.stringify` takes three times as long to write a `Date` the same way.
    expires_at: link.expires_at?.toISOString() ?? null,
    created_at: link.created_at.toISOString(),
    updated_at: link.updated_at.toISOString(),
    deleted_at: link.deleted_at?.toISOString() ?? null,
  });
}

/** Keeps strings only: the column may hold `null` or nested arrays, whatever its type says. */
function textsOf(tags: readonly unknown[]): string[] {
  return tags.flat(Infinity).filter((tag) => typeof tag === 'string');
}
