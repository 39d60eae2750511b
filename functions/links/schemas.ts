import { z } from '@terse/platform/zod';
import { LINK_DEFAULTS, REDIRECT_STATUSES } from '@terse/core/links/link';
import type { LinkChanges } from '@terse/core/links/new-link';
import { MAX_URL_INPUT_LENGTH, MAX_URL_LENGTH } from '@terse/core/links/original-url';
import { linkCursor } from './link-cursor.ts';
import { plainText, visibleText } from '@terse/http/plain-text';
import { instant, pageSize } from '@terse/http/schemas';

/** The most characters or items that a request may have. */
export const LIMITS = { title: 255, tag: 50, tags: 20, bulk: 1000 } as const;

/** Composes letters (NFC), so that one tag has one spelling. */
const tag = visibleText(LIMITS.tag).transform((text) => text.normalize('NFC'));

const fields = {
  original_url: z.string().max(MAX_URL_INPUT_LENGTH),
  title: plainText(LIMITS.title).nullable(),
  tags: z.array(tag).max(LIMITS.tags),
  expires_at: instant.nullable(),
  redirect_status: z.literal(REDIRECT_STATUSES),
  pinned: z.boolean(),
} satisfies Record<keyof LinkChanges, z.ZodType>;

const { original_url, ...options } = fields;

export const newLinkSchema = z.strictObject({
  original_url,
  ...z.object({ short_code: z.string(), ...options }).partial().shape,
});

/** All are created, or none. */
export const newLinksSchema = z.strictObject({ links: z.array(newLinkSchema).min(1).max(LIMITS.bulk) });

/** A JSON Merge Patch (RFC 7396): an absent field stays as it is, `null` restores the default. */
export const linkChangesSchema = z
  .strictObject({
    ...fields,
    tags: fields.tags.nullable().transform((tags) => tags ?? LINK_DEFAULTS.tags),
    redirect_status: fields.redirect_status
      .nullable()
      .transform((status) => status ?? LINK_DEFAULTS.redirect_status),
    pinned: fields.pinned.nullable().transform((pinned) => pinned ?? LINK_DEFAULTS.pinned),
  })
  .partial();

const VISIBILITY = { exclude: 'active', include: 'all', only: 'deleted' } as const;

/** The parameters that may be repeated. */
export const LIST_PARAMETERS = ['tag'];

export const listQuerySchema = z.strictObject({
  limit: pageSize,
  cursor: linkCursor.optional(),
  /** A link must have all of them. */
  tag: fields.tags.optional(),
  /** Part of the short code, original URL or title. */
  search: visibleText(MAX_URL_LENGTH).optional(),
  deleted: z
    .enum(['exclude', 'include', 'only'])
    .default('exclude')
    .transform((deleted) => VISIBILITY[deleted]),
});
