import { describe, expect, test } from 'vitest';
import { DomainError } from './errors.ts';
import { isSafeTarget, ownUrls, parseOriginalUrl } from './original-url.ts';

const isOwnUrl = ownUrls(new URL('https://go.example'));
const parse = (text: string) => parseOriginalUrl(text, isOwnUrl);

test.each([
  ['https://example.com', 'https://example.com/'],
  ['HTTP://EXAMPLE.com:80/A%20b?q=ü#f', 'http://example.com/A%20b?q=%C3%BC#f'],
  ['  https://example.com/x  ', 'https://example.com/x'],
  ['https://bücher.example/', 'https://xn--bcher-kva.example/'],
  ['https://example.com/a\nb', 'https://example.com/ab'],
])('normalises %j', (text, stored) => {
  expect(parse(text)).toBe(stored);
});

test.each([
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

describe('on a loopback address', () => {
  const isOwn = ownUrls(new URL('http://127.0.0.1:8080'));

  test.each(['http://localhost:8080/x', 'http://127.0.0.1:8080/', 'http://[::1]:8080/'])(
    '%s is ours',
    (url) => {
      expect(isOwn(new URL(url))).toBe(true);
    },
  );

  test.each(['http://localhost:3000/', 'http://127.0.0.1/', 'http://example.com:8080/'])(
    '%s is not',
    (url) => {
      expect(isOwn(new URL(url))).toBe(false);
    },
  );
});

test.each([
  ['https://example.com/', true],
  ['javascript:alert(1)', false],
  ['/relative', false],
  ['https://example.com/\r\nSet-Cookie: a=b', false],
])('whether %j may reach a Location: %s', (stored, safe) => {
  expect(isSafeTarget(stored)).toBe(safe);
});
