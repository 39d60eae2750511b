import fc from 'fast-check';
import { expect, test } from 'vitest';
import { DomainError } from '../errors.ts';
import { isSafeTarget, parseOriginalUrl } from './original-url.ts';
import { ownUrls } from './own-urls.ts';

const isOwnUrl = ownUrls({ baseUrl: new URL('https://go.example') });
const parse = (text: string) => parseOriginalUrl(text, isOwnUrl);

test.each([
  ['https://example.com', 'https://example.com/'],
  ['HTTP://EXAMPLE.com:80/A%20b?q=ü#f', 'http://example.com/A%20b?q=%C3%BC#f'],
  ['https://bücher.example/', 'https://xn--bcher-kva.example/'],
  ['https://example.com/a b', 'https://example.com/a%20b'],
])('normalises %j', (text, stored) => {
  expect(parse(text)).toBe(stored);
});

test.each([
  [' https://example.com/x', 'spaces around'],
  ['https://example.com/x ', 'spaces around'],
  ['https://example.com/x\u00A0', 'spaces around'],
  ['https://example.com/a\nb', 'line breaks'],
  ['', 'absolute'],
  ['example.com', 'absolute'],
  ['//example.com', 'absolute'],
  ['/path', 'absolute'],
  ['http://', 'absolute'],
  ['javascript:alert(1)', 'http://'],
  ['data:text/html,hi', 'http://'],
  ['file:///etc/passwd', 'http://'],
  ['ftp://example.com/', 'http://'],
  ['https://user@example.com/', 'user name'],
  ['https://:secret@example.com/', 'user name'],
  [`https://example.com/${'x'.repeat(2048)}`, '2048'],
  [`https://example.com/${'ü'.repeat(400)}`, '2048'],
  ['https://go.example/other', 'this shortener'],
  ['http://GO.example:8080/other', 'this shortener'],
  ['https://go.example./other', 'this shortener'],
])('refuses %j', (text, reason) => {
  expect(() => parse(text)).toThrow(DomainError);
  expect(() => parse(text)).toThrow(reason);
});

test('keeps a URL of exactly 2,048 characters', () => {
  const longest = `https://example.com/${'x'.repeat(2048 - 20)}`;
  expect(parse(longest)).toBe(longest);
});

test('refuses characters that the URL parser would drop or replace, in any place', () => {
  const dropped = fc.constantFrom(
    '\n',
    '\r',
    '\t',
    '\0',
    '\x1F',
    '\x7F',
    '\x85',
    '\u2028',
    '\u2029',
    '\uFEFF',
    '\uD800',
  );
  fc.assert(
    fc.property(dropped, fc.nat(20), (character, place) => {
      const url = 'https://example.com/x';
      expect(() => parse(`${url.slice(0, place)}${character}${url.slice(place)}`)).toThrow('line breaks');
    }),
  );
});

test('stores every given character, perhaps in another spelling', () => {
  const text = fc.string({ unit: 'binary', maxLength: 200 });
  fc.assert(
    fc.property(text, (path) => {
      const stored = storedOf(`https://example.com/?q=${path.replaceAll(/[#%]/g, '')}`);
      expect(stored === undefined || stored === path.replaceAll(/[#%]/g, '')).toBe(true);
    }),
  );

  function storedOf(url: string): string | undefined {
    try {
      return decodeURIComponent(parse(url)).slice('https://example.com/?q='.length);
    } catch (error) {
      if (error instanceof DomainError) return undefined;
      throw error;
    }
  }
});

test.each([
  ['https://example.com/', true],
  ['javascript:alert(1)', false],
  ['/relative', false],
  ['https://example.com/\r\nSet-Cookie: a=b', false],
])('whether %j may reach a Location: %s', (stored, safe) => {
  expect(isSafeTarget(stored)).toBe(safe);
});
