import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { foldText, parseSearch, readableUrl, searchColumns } from './link-search.ts';
import { ownUrls } from './own-urls.ts';

const isOwnUrl = ownUrls({ baseUrl: new URL('https://go.example') });

describe('folded text', () => {
  const text = fc.string({ unit: 'grapheme-composite', maxLength: 20 });

  test('is the same for every composition and case, and folding it again changes nothing', () => {
    fc.assert(
      fc.property(text, (each) => {
        const folded = foldText(each);
        expect(foldText(folded)).toBe(folded);
        for (const form of ['NFC', 'NFD', 'NFKC', 'NFKD']) {
          expect(foldText(each.normalize(form))).toBe(folded);
        }
        expect(foldText(each.toUpperCase())).toBe(folded);
        expect(foldText(each.toLowerCase())).toBe(folded);
      }),
    );
  });

  test('of ASCII is in lower case, and nothing else', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary-ascii' }), (each) => {
        expect(foldText(each)).toBe(each.toLowerCase());
      }),
    );
  });
});

test.each([
  ['https://xn--zrich-kva.example/stra%C3%9Fe', 'https://zürich.example/straße'],
  ['https://example.com:8443/a%20b?q=%25#%C3%A4', 'https://example.com:8443/a b?q=%#ä'],
  ['https://example.com/%FF%C3%BC%zz%', 'https://example.com/%FF%C3%BC%zz%'],
  ['https://example.com/%00%0A%7Fa', 'https://example.com/%00%0A%7Fa'],
  ['http://http/', 'http://http/'],
  ['http://[2001:db8::1]/', 'http://[2001:db8::1]/'],
  ['no url%20at all', 'no url at all'],
])('%s is read as %s', (href, readable) => {
  expect(readableUrl(href)).toBe(readable);
});

test('stores no search columns for a plain link', () => {
  expect(searchColumns({ original_url: 'https://Example.com/A?b=1', title: 'Plain "Title"' })).toEqual({
    readable_url: null,
    folded_title: null,
  });
});

test('stores no control character for search, for any link', () => {
  fc.assert(
    fc.property(fc.webUrl({ withQueryParameters: true, withFragments: true }), fc.string(), (url, more) => {
      const { readable_url } = searchColumns({
        original_url: `${url}${encodeURIComponent(more)}`,
        title: null,
      });
      expect(readable_url ?? '').not.toMatch(/\p{Cc}/u);
    }),
  );
});

test('a plain search has one pattern, and a typed URL a few', () => {
  expect(parseSearch('Spring', isOwnUrl)).toEqual({ contains: ['spring'], codePrefix: undefined });
  expect(parseSearch('https://go.example/Spring', isOwnUrl).codePrefix).toBe('spring');
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (each) => {
      expect(parseSearch(each, isOwnUrl).contains.length).toBeLessThanOrEqual(4);
    }),
  );
});
