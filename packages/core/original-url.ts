import { invalidField } from './errors.ts';

/** The longest original URL that is stored, in characters after normalisation. */
export const MAX_URL_LENGTH = 2048;

/** Longer input is refused before it is parsed: percent-encoding can only make it longer. */
export const MAX_URL_INPUT_LENGTH = 8192;

const LOOPBACK_NAMES = new Set(['localhost', '127.0.0.1', '[::1]']);

/** Whether a URL points back to the shortener, which would loop. */
export type IsOwnUrl = (url: URL) => boolean;

/**
 * Recognises the shortener's own addresses. A public host is ours whatever the port; on a loopback host, where other
 * programs listen too, only the same port is.
 */
export function ownUrls(baseUrl: URL): IsOwnUrl {
  const ownName = withoutTrailingDot(baseUrl.hostname);
  const isLoopback = LOOPBACK_NAMES.has(ownName);
  return (url) => {
    const name = withoutTrailingDot(url.hostname);
    if (isLoopback) return LOOPBACK_NAMES.has(name) && url.port === baseUrl.port;
    return name === ownName;
  };
}

function withoutTrailingDot(name: string): string {
  return name.endsWith('.') ? name.slice(0, -1) : name;
}

/**
 * The URL as it is stored and sent: `http` or `https`, normalised by the WHATWG URL parser (https://url.spec.whatwg.org).
 * @throws DomainError `invalid_request` on `original_url`: not absolute, another scheme, credentials, too long, or ours.
 */
export function parseOriginalUrl(text: string, isOwnUrl: IsOwnUrl): string {
  const url = URL.parse(text.trim());
  if (!url) throw invalidField('original_url', 'must be an absolute URL such as https://example.com/page');
  if (!hasWebScheme(url)) throw invalidField('original_url', 'must begin with http:// or https://');
  if (url.username || url.password)
    throw invalidField('original_url', 'must not contain a user name or password');
  if (url.href.length > MAX_URL_LENGTH) {
    throw invalidField('original_url', `must have at most ${MAX_URL_LENGTH} characters after normalisation`);
  }
  if (isOwnUrl(url)) throw invalidField('original_url', 'must not point back to this shortener');
  return url.href;
}

/** The check at the redirect, whatever a database may hold: `javascript:` and the like never reach a `Location`. */
export function isSafeTarget(stored: string): boolean {
  const url = URL.parse(stored);
  return url !== null && hasWebScheme(url) && url.href === stored;
}

function hasWebScheme(url: URL): boolean {
  return url.protocol === 'http:' || url.protocol === 'https:';
}
