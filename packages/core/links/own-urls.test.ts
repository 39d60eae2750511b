import { describe, expect, test } from 'vitest';
import { ownUrls } from './own-urls.ts';

const LOOPBACK_SPELLINGS = [
  'localhost',
  'LocalHost',
  'localhost.',
  'localhost..',
  'app.localhost',
  'a.b.localhost.',
  '%6c%6Fcalhost',
  'ｌocalhost',
  'loc\u00ADalhost',
  'localhost.localdomain',
  'ip6-localhost',
  'ip6-loopback',
  '127.0.0.1',
  '127.1',
  '127.255.255.254',
  '2130706433',
  '0x7f.1',
  '0177.0.0.1',
  '１２７.０.０.１',
  '127.0.0.1.',
  '0.0.0.0',
  '0',
  '[::1]',
  '[::]',
  '[0:0:0:0:0:0:0:1]',
  '[::ffff:127.0.0.1]',
  '[::ffff:7f00:1]',
  '[::ffff:0.0.0.0]',
  '[::127.0.0.1]',
  '[64:ff9b::127.0.0.1]',
];

describe.each(['http://127.0.0.1:8080', 'http://0.0.0.0:8080', 'http://localhost:8080', 'http://[::]:8080'])(
  'where short URLs begin with %s',
  (base) => {
    const isOwn = ownUrls({ baseUrl: new URL(base) });

    test.each(LOOPBACK_SPELLINGS)('%s is its own at its port, with either scheme', (host) => {
      expect(isOwn(new URL(`http://${host}:8080/x`))).toBe(true);
      expect(isOwn(new URL(`https://${host}:8080/x`))).toBe(true);
    });

    test.each(LOOPBACK_SPELLINGS)('%s is another program at another port', (host) => {
      expect(isOwn(new URL(`http://${host}:3000/x`))).toBe(false);
      expect(isOwn(new URL(`http://${host}/x`))).toBe(false);
    });

    test.each(['example.com', 'notlocalhost', 'localhost.example', '128.0.0.1', '[::2]', '[2001:db8::1]'])(
      '%s is not its own',
      (host) => {
        expect(isOwn(new URL(`http://${host}:8080/x`))).toBe(false);
      },
    );
  },
);

describe('where short URLs begin with a public host', () => {
  const isOwn = ownUrls({ baseUrl: new URL('https://gö.example'), port: 8080 });

  test.each([
    'https://gö.example/x',
    'https://go\u0308.example/x',
    'https://GÖ.example./x',
    'https://xn--g-1ga.example/x',
    'http://gö.example/x',
    'http://gö.example:9000/x',
    'https://gö。example/x',
    'https://%67%C3%B6.example/x',
    'https://gö.example:443/',
  ])('%s is its own', (url) => {
    expect(isOwn(new URL(url))).toBe(true);
  });

  test.each(['http://localhost:8080/x', 'http://[::ffff:127.0.0.1]:8080/x'])(
    '%s is its own, too, because this process listens there',
    (url) => {
      expect(isOwn(new URL(url))).toBe(true);
    },
  );

  test.each([
    'http://localhost/x',
    'http://127.0.0.1:3000/x',
    'https://go.example/x',
    'https://www.gö.example/x',
  ])('%s is not', (url) => {
    expect(isOwn(new URL(url))).toBe(false);
  });
});

test.each(['http://203.0.113.7/x', 'http://[::ffff:203.0.113.7]:81/x', 'http://0xcb007107/x'])(
  'a public address is its own in every spelling: %s',
  (url) => {
    expect(ownUrls({ baseUrl: new URL('http://203.0.113.7') })(new URL(url))).toBe(true);
  },
);

test('names and addresses of the machine are its own at its port', () => {
  const hosts = ['laptop', '192.168.1.5', 'fe80::1'];
  const isOwn = ownUrls({ baseUrl: new URL('http://0.0.0.0:8080'), hosts });
  for (const host of [
    'laptop',
    'LAPTOP.',
    '192.168.1.5',
    '[::ffff:192.168.1.5]',
    '3232235781',
    '[fe80::1]',
  ]) {
    expect(isOwn(new URL(`http://${host}:8080/x`))).toBe(true);
    expect(isOwn(new URL(`http://${host}:3000/x`))).toBe(false);
  }
  expect(isOwn(new URL('http://192.168.1.6:8080/x'))).toBe(false);
});
