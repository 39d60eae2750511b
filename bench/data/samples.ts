import { parseOriginalUrl } from '@terse/core/links/original-url';
import { type ShortCode, parseShortCode } from '@terse/core/links/short-code';
import { USER_AGENTS, WEB_URLS } from '../../harness/fixtures/web.ts';
import { createRandom } from '../../harness/random.ts';

/** Real URLs from the web, as Terse stores them. */
export const URLS: readonly string[] = WEB_URLS.map((url) => parseOriginalUrl(url, () => false));

/** Knuth's multiplicative hash spreads consecutive codes over an index. `seed.ts` has it in SQL. */
export const CODE_MULTIPLIER = 2_654_435_761;
const CODE_RANGE = 2 ** 32;

/** The code of the link with this number, from 0 on. */
export function codeOf(link: number): ShortCode {
  const code = parseShortCode(((link * CODE_MULTIPLIER) % CODE_RANGE).toString(16).padStart(8, '0'));
  if (!code) throw new Error(`The link ${link} has no code.`);
  return code;
}

/** Returns a generator of numbers below `count` by Zipf's law: the n-th comes 1/n as often as the first. */
export function createZipf(count: number, random: () => number): () => number {
  const cumulative: number[] = [];
  let total = 0;
  for (let rank = 1; rank <= count; rank++) cumulative.push((total += 1 / rank));
  return () => {
    const wanted = random() * total;
    let low = 0;
    let high = count - 1;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((cumulative[middle] ?? 0) < wanted) low = middle + 1;
      else high = middle;
    }
    return low;
  };
}

export interface SampleRequest {
  readonly method: 'GET' | 'POST';
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
}

/** The requests of visitors of these links, each with a browser and half of them with a referrer. */
export function visitsTo(links: Iterable<number>, random: () => number = createRandom(1)): SampleRequest[] {
  return [...links].map((link) => visitTo(codeOf(link), random));
}

function visitTo(code: string, random: () => number): SampleRequest {
  return {
    method: 'GET',
    path: `/${code}`,
    headers: {
      'User-Agent': pick(USER_AGENTS, random),
      Accept: 'text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8',
      'Accept-Language': 'en-US,en;q=0.9',
      'Accept-Encoding': 'gzip, deflate, br',
      ...(random() < 0.5 && { Referer: pick(URLS, random) }),
    },
  };
}

export function pick(values: readonly string[], random: () => number): string {
  return values[Math.floor(random() * values.length)] ?? '';
}
