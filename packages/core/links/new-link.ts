import { DomainError, type FieldError, invalidField } from '../errors.ts';
import { LINK_DEFAULTS, type LinkOptions } from './link.ts';
import { parseOriginalUrl } from './original-url.ts';
import type { IsOwnUrl } from './own-urls.ts';
import { isReserved, parseShortCode, type ShortCode } from './short-code.ts';
import type { LinkValues } from './ports.ts';

export type NewLink = {
  readonly original_url: string;
  readonly short_code?: string | undefined;
} & { readonly [K in keyof LinkOptions]?: LinkOptions[K] | undefined };

/** A new link that has been checked. */
export interface PreparedLink {
  readonly customCode: ShortCode | undefined;
  readonly values: Omit<LinkValues, 'short_code'>;
}

interface PrepareOptions {
  readonly isOwnUrl: IsOwnUrl;
  /** In milliseconds since the epoch. */
  readonly now: number;
}

/** Checks a new link, and prepares all that is stored except its code. @throws DomainError `invalid_request`. */
export function prepareLink(link: NewLink, { isOwnUrl, now }: PrepareOptions): PreparedLink {
  if (link.expires_at && link.expires_at.getTime() <= now) {
    throw invalidField('expires_at', 'must be in the future');
  }
  return {
    customCode: link.short_code === undefined ? undefined : parseCustomCode(link.short_code),
    values: {
      original_url: parseOriginalUrl(link.original_url, isOwnUrl),
      redirect_status: link.redirect_status ?? LINK_DEFAULTS.redirect_status,
      title: link.title ?? LINK_DEFAULTS.title,
      tags: [...new Set(link.tags ?? LINK_DEFAULTS.tags)],
      expires_at: link.expires_at ?? LINK_DEFAULTS.expires_at,
      pinned: link.pinned ?? LINK_DEFAULTS.pinned,
    },
  };
}

function parseCustomCode(text: string): ShortCode {
  const code = parseShortCode(text);
  if (!code) throw invalidField('short_code', 'must be 1 to 64 of the characters A-Z a-z 0-9 _ -');
  if (isReserved(code)) throw invalidField('short_code', 'is reserved');
  return code;
}

/** Prepares all links. @throws DomainError `invalid_request` with the faults of all of them. */
export function prepareLinks(links: readonly NewLink[], options: PrepareOptions): PreparedLink[] {
  const faults: FieldError[] = [];
  const prepared: PreparedLink[] = [];
  const codes = new Set<ShortCode>();
  for (const [index, link] of links.entries()) {
    try {
      const one = prepareLink(link, options);
      prepared.push(one);
      if (one.customCode === undefined) continue;
      if (codes.has(one.customCode)) throw invalidField('short_code', 'is given to an earlier link, too');
      codes.add(one.customCode);
    } catch (error) {
      if (!(error instanceof DomainError)) throw error;
      faults.push(
        ...error.fields.map(({ field, message }) => ({ field: `links.${index}.${field}`, message })),
      );
    }
  }
  if (faults.length === 0) return prepared;
  const detail = faults.map(({ field, message }) => `${field}: ${message}`).join('; ');
  throw new DomainError('invalid_request', detail, faults);
}
