import { domainToUnicode } from 'node:url';
import type { Link } from './link.ts';
import type { IsOwnUrl } from './own-urls.ts';
import { parseShortCode } from './short-code.ts';

/** What a search finds a link by, all in lower case. */
export interface LinkSearch {
  /** Any of these is part of the short code, the URL or the title. */
  readonly contains: readonly string[];
  /** Or the short code begins with this. */
  readonly codePrefix: string | undefined;
}

/** What a search reads beside the URL and the title as they are stored; `null` where those say it all. */
export interface SearchColumns {
  readonly readable_url: string | null;
  readonly folded_title: string | null;
}

const ASCII = /^\p{ASCII}*$/u;
const ESCAPED_BYTES = /(?:%[\da-f]{2})+/gi;

/**
 * The text with compatible characters alike (NFKC), composed or not, and without a difference between letter cases, in every
 * language at once: `ß` is `ss`, `ς` is `σ`.
 */
export function foldText(text: string): string {
  const folded = text.normalize('NFKC').toLowerCase().toUpperCase().toLowerCase();
  return folded.replaceAll('ς', 'σ').replaceAll('i\u0307', 'i').normalize('NFKC');
}

/** The URL as people write it: its host in Unicode, and percent-encoded text decoded, but for controls. */
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

/** What was typed into a search: part of a code, a title, or a URL in any spelling, the short URL too. */
export function parseSearch(text: string, isOwnUrl: IsOwnUrl): LinkSearch {
  const spellings = [foldText(text), foldText(decodeText(text))];
  // What the release before wrote has no folded text beside it.
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

/** Bytes that are not UTF-8 stay as they are, and so do controls, which no database keeps. */
function decodeText(text: string): string {
  return text.replaceAll(ESCAPED_BYTES, (bytes) => {
    try {
      return decodeURIComponent(bytes).replaceAll(/\p{Cc}/gu, encodeURIComponent);
    } catch {
      return bytes;
    }
  });
}
