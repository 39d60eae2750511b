import { domainToUnicode } from 'node:url';
import type { Link } from './link.ts';
import type { IsOwnUrl } from './own-urls.ts';
import { parseShortCode } from './short-code.ts';

/** A parsed search, all in lower case. A link matches when either field does. */
export interface LinkSearch {
  /** Texts of which one must be part of the short code, the URL or the title. */
  readonly contains: readonly string[];
  /** The beginning of the short code. */
  readonly codePrefix: string | undefined;
}

/** Columns that a search reads beside the stored URL and title; `null` where they would add nothing. */
export interface SearchColumns {
  readonly readable_url: string | null;
  readonly folded_title: string | null;
}

const ASCII = /^\p{ASCII}*$/u;
const ESCAPED_BYTES = /(?:%[\da-f]{2})+/gi;

/**
 * The text without differences of compatibility, composition (NFKC) and letter case, the same for every language: `ß`
 * becomes `ss`, `ς` becomes `σ`.
 */
export function foldText(text: string): string {
  const folded = text.normalize('NFKC').toLowerCase().toUpperCase().toLowerCase();
  return folded.replaceAll('ς', 'σ').replaceAll('i\u0307', 'i').normalize('NFKC');
}

/** The URL as people write it: the host in Unicode, percent-encoded text decoded except for controls. */
export function readableUrl(href: string): string {
  const url = URL.parse(href);
  if (!url) return decodeText(href);
  const host = domainToUnicode(url.hostname) || url.hostname;
  const port = url.port && `:${url.port}`;
  return `${url.protocol}//${host}${port}${decodeText(`${url.pathname}${url.search}${url.hash}`)}`;
}

export function readableUrlColumn(originalUrl: string): string | null {
  const readable = foldText(readableUrl(originalUrl));
  return ASCII.test(originalUrl) && readable === originalUrl.toLowerCase() ? null : readable;
}

export function foldedTitleColumn(title: string | null): string | null {
  return title === null || ASCII.test(title) ? null : foldText(title);
}

export function searchColumns({ original_url, title }: Pick<Link, 'original_url' | 'title'>): SearchColumns {
  return { readable_url: readableUrlColumn(original_url), folded_title: foldedTitleColumn(title) };
}

/** Parses a search text: part of a code, of a title, or of a URL in any spelling, or the short URL. */
export function parseSearch(text: string, isOwnUrl: IsOwnUrl): LinkSearch {
  const spellings = [foldText(text), foldText(decodeText(text))];
  // Links that the release before wrote have no folded text.
  if (!ASCII.test(text)) spellings.push(text.replaceAll(/[A-Z]/g, (letter) => letter.toLowerCase()));
  const url = parseWebUrl(text);
  if (url) spellings.push(foldText(readableUrl(url.href)));
  if (!url && /xn--/i.test(text)) {
    const hostFirst = URL.parse(`http://${text}`);
    if (hostFirst) spellings.push(foldText(readableUrl(hostFirst.href)).slice('http://'.length));
  }
  return {
    contains: [...new Set(spellings)],
    codePrefix: codeOf(url ?? URL.parse(`http://${text}`), isOwnUrl),
  };
}

function parseWebUrl(text: string): URL | null {
  return /^https?:\/\//i.test(text) ? URL.parse(text) : null;
}

function codeOf(url: URL | null, isOwnUrl: IsOwnUrl): string | undefined {
  return url && isOwnUrl(url) ? parseShortCode(url.pathname.slice(1))?.toLowerCase() : undefined;
}

/** Decodes percent-encoding, except for bytes that are not UTF-8 and controls, which no database keeps. */
function decodeText(text: string): string {
  return text.replaceAll(ESCAPED_BYTES, (bytes) => {
    try {
      return decodeURIComponent(bytes).replaceAll(/\p{Cc}/gu, encodeURIComponent);
    } catch {
      return bytes;
    }
  });
}
