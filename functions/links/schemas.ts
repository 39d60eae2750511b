import { z } from 'zod';
import { REDIRECT_STATUSES } from '@terse/core/link';
import { MAX_URL_INPUT_LENGTH } from '@terse/core/original-url';
import { linkCursor } from './link-cursor.ts';
import { instant, pageSize, plainText } from '@terse/http/schemas';

const fields = {
  original_url: z.string().max(MAX_URL_INPUT_LENGTH),
  title: plainText(255).nullable(),
  tags: z.array(plainText(50).min(1)).max(20),
  expires_at: instant.nullable(),
  redirect_status: z.literal(REDIRECT_STATUSES),
  pinned: z.boolean(),
};

export const newLinkSchema = z.strictObject({
  original_url: fields.original_url,
  short_code: z.string().optional(),
  title: fields.title.optional(),
  tags: fields.tags.optional(),
  expires_at: fields.expires_at.optional(),
  redirect_status: fields.redirect_status.optional(),
  pinned: fields.pinned.optional(),
});

/** Created all together, or none. */
export const newLinksSchema = z.strictObject({ links: z.array(newLinkSchema).min(1).max(1000) });

/** A JSON Merge Patch (RFC 7396): what is absent stays, `null` clears. */
export const linkChangesSchema = z.strictObject(fields).partial();

const VISIBILITY = { exclude: 'active', include: 'all', only: 'deleted' } as const;

export const listQuerySchema = z.strictObject({
  limit: pageSize,
  cursor: linkCursor.optional(),
  tag: plainText(50).min(1).optional(),
  /** Part of the short code, original URL or title. */
  search: plainText(200).min(1).optional(),
  deleted: z
    .enum(['exclude', 'include', 'only'])
    .default('exclude')
    .transform((deleted) => VISIBILITY[deleted]),
});
