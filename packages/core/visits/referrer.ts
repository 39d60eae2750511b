import { MAX_REFERRER_LENGTH } from './visit.ts';

const MAX_HOST_LENGTH = 253;
const HOST = /^[a-z0-9._:[\]-]+$/i;

/**
 * The referrer to store, without credentials and fragment, which RFC 9110 (§10.1.3) excludes, and cut to the column.
 */
export function storedReferrer(text: string): string {
  // Most contain neither, and this test takes nanoseconds.
  const clean = text.includes('@') || text.includes('#') ? withoutSecrets(text) : text;
  return clean.length > MAX_REFERRER_LENGTH ? clean.slice(0, MAX_REFERRER_LENGTH).toWellFormed() : clean;
}

function withoutSecrets(text: string): string {
  const [shown = ''] = text.split('#', 1);
  if (!shown.includes('@')) return shown;
  const url = URL.parse(shown);
  if (url && (url.username || url.password)) {
    url.username = '';
    url.password = '';
    return withoutUserInfo(url.href);
  }
  // Text that is no URL may hold credentials anywhere before its query.
  return url?.host ? withoutUserInfo(shown) : shown.replace(/^((?:[a-z][\w+.-]*:)?\/\/)?[^?]*@/i, '$1');
}

/** Removes what is between `//` and `@`, also in a URL within the path, as web archives have it. Keeps the query. */
function withoutUserInfo(text: string): string {
  const query = text.indexOf('?');
  const end = query === -1 ? text.length : query;
  return text.slice(0, end).replaceAll(/(?<=[/\\]{2})[^/\\]+@/g, '') + text.slice(end);
}

/** The host of a referrer, or `null`. It never begins with a parenthesis, which marks rows such as `(other)`. */
export function hostOf(referrer: string): string | null {
  const host = URL.parse(referrer)
    ?.hostname.replace(/^www\./, '')
    .replace(/\.$/, '');
  return host && HOST.test(host) ? host.slice(0, MAX_HOST_LENGTH) : null;
}
