import { invalidField } from '../errors.ts';
import type { IsOwnUrl } from './own-urls.ts';

/** The longest original URL that is stored, in characters after normalisation. */
export const MAX_URL_LENGTH = 2048;

/** Longer input is refused before it is parsed: percent-encoding can only make it longer. */
export const MAX_URL_INPUT_LENGTH = 8192;

/** What the URL parser silently drops or replaces: controls, lone surrogates, spaces at either end. */
const DROPPED = /[\p{Cc}\p{Cs}\p{Zl}\p{Zp}\uFEFF]|^\s|\s$/u;

/**
 * The URL as it is stored and sent: `http` or `https`, normalised by the WHATWG URL parser
 * (https://url.spec.whatwg.org).
 * @throws DomainError `invalid_request` on `original_url`: not absolute, another scheme, credentials, too long, our
 * own, or with characters that the parser would drop.
 */
export function parseOriginalUrl(text: string, isOwnUrl: IsOwnUrl): string {
  if (DROPPED.test(text)) {
    throw invalidField(
      'original_url',
      'must not contain line breaks or control characters, nor spaces around it',
    );
  }
  const url = URL.parse(text);
  if (!url) throw invalidField('original_url', 'must be an absolute URL such as https://example.com/page');
  if (!hasWebScheme(url)) throw invalidField('original_url', 'must begin with http:// or https://');
  if (url.username || url.password) {
    throw invalidField('original_url', 'must not contain a user name or password');
  }
  if (url.href.length > MAX_URL_LENGTH) {
    throw invalidField('original_url', `must have at most ${MAX_URL_LENGTH} characters after normalisation`);
  }
  if (isOwnUrl(url)) throw invalidField('original_url', 'must not point back to this shortener');
  return url.href;
}

/** Whether a stored target may be sent. A database may hold anything, but no `javascript:` reaches a `Location`. */
export function isSafeTarget(stored: string): boolean {
  const url = URL.parse(stored);
  return url !== null && hasWebScheme(url) && url.href === stored;
}

function hasWebScheme(url: URL): boolean {
  return url.protocol === 'http:' || url.protocol === 'https:';
}
