import { DomainError, type FieldError, invalidField } from '../errors.ts';
import { LINK_DEFAULTS, type LinkOptions } from './link.ts';
import { parseOriginalUrl } from './original-url.ts';
import type { IsOwnUrl } from './own-urls.ts';
import { isReserved, parseShortCode, type ShortCode } from './short-code.ts';
import type { LinkChange, LinkValues } from './ports.ts';

export type NewLink = {
  readonly original_url: string;
  readonly short_code?: string | undefined;
} & { readonly [K in keyof LinkOptions]?: LinkOptions[K] | undefined };

/** What may change of a link; a short code never does. */
export type LinkChanges = { readonly [K in Exclude<keyof NewLink, 'short_code'>]?: NewLink[K] | undefined };

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
export function prepareLink(
  { short_code, original_url, ...options }: NewLink,
  { isOwnUrl, now }: PrepareOptions,
): PreparedLink {
  if (options.expires_at && options.expires_at.getTime() <= now) {
    throw invalidField('expires_at', 'must be in the future');
  }
  return {
    customCode: short_code === undefined ? undefined : parseCustomCode(short_code),
    values: {
      ...LINK_DEFAULTS,
      original_url: parseOriginalUrl(original_url, isOwnUrl),
      ...prepareChanges(options, isOwnUrl),
    },
  };
}

/** Checks the given fields of a link, and leaves out the undefined ones. @throws DomainError `invalid_request`. */
export function prepareChanges(given: LinkChanges, isOwnUrl: IsOwnUrl): LinkChange {
  const isGiven = ([, value]: readonly [string, unknown]) => value !== undefined;
  const changes = Object.fromEntries(Object.entries(given).filter(isGiven)) as LinkChange;
  const { original_url, tags } = changes;
  return {
    ...changes,
    ...(original_url !== undefined && { original_url: parseOriginalUrl(original_url, isOwnUrl) }),
    ...(tags !== undefined && { tags: [...new Set(tags)] }),
  };
}

function parseCustomCode(text: string): ShortCode {
  const code = parseShortCode(text);
  if (!code) throw invalidField('short_code', 'must be 1 to 64 of the characters A-Z a-z 0-9 _ -');
  if (isReserved(code)) throw invalidField('short_code', 'is reserved');
  return code;
}

/** Prepares all links. @throws DomainError `invalid_request` with the field errors of all of them. */
export function prepareLinks(links: readonly NewLink[], options: PrepareOptions): PreparedLink[] {
  const fieldErrors: FieldError[] = [];
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
      fieldErrors.push(
        ...error.fields.map(({ field, message }) => ({ field: `links.${index}.${field}`, message })),
      );
    }
  }
  if (fieldErrors.length === 0) return prepared;
  const detail = fieldErrors.map(({ field, message }) => `${field}: ${message}`).join('; ');
  throw new DomainError('invalid_request', detail, fieldErrors);
}
