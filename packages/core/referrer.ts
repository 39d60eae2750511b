import { MAX_REFERRER_LENGTH } from './visit.ts';

const MAX_HOST_LENGTH = 253;
const HOST = /^[a-z0-9._:[\]-]+$/i;

/** What is stored of a `Referer`: without credentials and fragment, which RFC 9110 (§10.1.3) keeps out of it, and not too long. */
export function storedReferrer(text: string): string {
  // Most hold neither, and looking for them takes nanoseconds.
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
  return url?.host ? withoutUserInfo(shown) : withoutUserInfo(shown).replace(/^[^/\\?]*@/, '');
}

/** Without what stands between `//` and `@`, also in a URL within the path, such as that of an archive. The query is kept. */
function withoutUserInfo(text: string): string {
  const query = text.indexOf('?');
  const end = query === -1 ? text.length : query;
  return text.slice(0, end).replaceAll(/(?<=[/\\]{2})[^/\\]+@/g, '') + text.slice(end);
}

/** The host of a referrer, or `null`. None begins with a parenthesis as the rows of a breakdown do that are no values. */
export function hostOf(referrer: string): string | null {
  const host = URL.parse(referrer)
    ?.hostname.replace(/^www\./, '')
    .replace(/\.$/, '');
  return host && HOST.test(host) ? host.slice(0, MAX_HOST_LENGTH) : null;
}
