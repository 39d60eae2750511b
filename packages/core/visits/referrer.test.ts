import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { hostOf, storedReferrer } from './referrer.ts';

describe('stores of a referrer', () => {
  test.each([
    ['https://news.example/a?b=c', 'https://news.example/a?b=c'],
    ['https://user:secret@news.example/a?b=c', 'https://news.example/a?b=c'],
    ['https://user@news.example:8443/', 'https://news.example:8443/'],
    ['https://a@b:secret@news.example/', 'https://news.example/'],
    ['https:user:secret@news.example/', 'https://news.example/'],
    ['https:\\\\user:secret@news.example/', 'https://news.example/'],
    ['//user:secret@news.example/a', '//news.example/a'],
    ['user:secret@news.example/a', 'news.example/a'],
    ['https://user:sec/ret@news.example/a', 'https://news.example/a'],
    ['ftp://user:secret@files.example/', 'ftp://files.example/'],
    [
      'https://web.example/save/https://user:secret@news.example/',
      'https://web.example/save/https://news.example/',
    ],
    ['https://news.example/#access_token=secret', 'https://news.example/'],
    ['https://social.example/@somebody', 'https://social.example/@somebody'],
    ['https://news.example/?mail=a@b.example', 'https://news.example/?mail=a@b.example'],
    ['android-app://com.google.android.gm/', 'android-app://com.google.android.gm/'],
    ['about:blank', 'about:blank'],
    ['not a URL', 'not a URL'],
  ])('%s: %s', (text, stored) => {
    expect(storedReferrer(text)).toBe(stored);
  });

  test('no more than 1,024 characters, and no half character', () => {
    expect(storedReferrer(`https://a.example/${'x'.repeat(2000)}`)).toHaveLength(1024);
    expect(storedReferrer(`${'x'.repeat(1023)}😀`).isWellFormed()).toBe(true);
  });

  test('neither password nor fragment, in any spelling', () => {
    const secret = 'S3cr3t';
    const noise = fc.stringMatching(/^[a-z0-9@:%.!$&'()*+,;=~_-]{0,12}$/);
    fc.assert(
      fc.property(
        fc.constantFrom('http:', 'https:', 'ftp:', 'android-app:', 'foo:', ''),
        fc.constantFrom('//', '\\\\', '/\\', '///', '\\/'),
        noise,
        noise,
        fc.constantFrom('', ':8443'),
        fc.stringMatching(/^(\/[a-z@]{0,5}){0,3}$/),
        (scheme, slashes, before, after, port, path) => {
          const text = `${scheme}${slashes}${before}:${secret}${after}@news.example${port}${path}#${secret}`;
          expect(storedReferrer(text)).not.toContain(secret);
        },
      ),
    );
  });
});

describe('reads the host of', () => {
  test.each([
    ['https://www.news.example/a', 'news.example'],
    ['https://NEWS.example.:8443/', 'news.example'],
    ['https://[2001:db8::1]/', '[2001:db8::1]'],
    ['https://zürich.example/', 'xn--zrich-kva.example'],
    ['android-app://com.google.android.gm/', 'com.google.android.gm'],
    ['https://(other)/', null],
    ['https://(unknown)/', null],
    ['foo://(other)/', null],
    ['about:blank', null],
    ['data:text/html,x', null],
    ['news.example/a', null],
    ['', null],
  ])('%s: %s', (referrer, host) => {
    expect(hostOf(referrer)).toBe(host);
  });
});
