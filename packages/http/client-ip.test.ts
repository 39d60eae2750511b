import { Hono } from 'hono';
import { describe, expect, test } from 'vitest';
import { anonymize, type ClientIpOptions, createClientIp } from './client-ip.ts';

async function seen(
  options: ClientIpOptions,
  peer: string | undefined,
  forwarded?: string,
): Promise<unknown> {
  const clientIp = createClientIp(options);
  const app = new Hono().get('/', (c) => c.json(clientIp(c)));
  const headers = { 'x-forwarded-for': forwarded };
  const response = await app.request('/', {}, { incoming: { headers, socket: { remoteAddress: peer } } });
  return response.json();
}

test.each([
  ['203.0.113.77', '203.0.113.0'],
  ['::ffff:203.0.113.77', '203.0.113.0'],
  ['2001:db8:1:2:3:4:5:6', '2001:db8:1::'],
  ['fe80::1%eth0', 'fe80::'],
  ['::1', '::'],
  ['unknown', null],
  ['', null],
  ['999.1.1.1', null],
  ['203.0.113.7:51234', '203.0.113.0'],
  ['"203.0.113.7:51234"', '203.0.113.0'],
  [' 203.0.113.7 ', '203.0.113.0'],
  ['[2001:db8::1]:443', '2001:db8::'],
  ['[2001:db8::1]', '2001:db8::'],
  ['"[2001:db8::1]:443"', '2001:db8::'],
  ['"[2001:db8::1]:_port"', '2001:db8::'],
  ['[fe80::1%eth0]:443', 'fe80::'],
  ['[::ffff:203.0.113.7]:443', '203.0.113.0'],
  ['_hidden', null],
  ['_x:80', null],
  ['3405803783', null],
  ['7', null],
  ['203.0.113', null],
  ['0x7f.1', null],
  ['203.0.113.7:', null],
  ['203.0.113.7:x', null],
  ['[203.0.113.7', null],
  ['2001:db8::1]:443', null],
  ['[]:443', null],
])('anonymizes %j', (address, anonymized) => {
  expect(anonymize(address)).toBe(anonymized);
});

describe('believes', () => {
  const full = (trustedProxyHops: number): ClientIpOptions => ({ visitorIp: 'full', trustedProxyHops });

  test('no forwarded address unless told how many proxies there are', async () => {
    expect(await seen(full(0), '192.0.2.1', '203.0.113.7')).toBe('192.0.2.1');
  });

  test('the addresses that trusted proxies appended, not those that a visitor wrote before', async () => {
    expect(await seen(full(1), '10.0.0.1', '6.6.6.6, 203.0.113.7')).toBe('203.0.113.7');
    expect(await seen(full(2), '10.0.0.1', '6.6.6.6, 203.0.113.7, 10.0.0.2')).toBe('203.0.113.7');
  });

  test('no address when the request passed fewer proxies than are trusted', async () => {
    expect(await seen(full(2), '10.0.0.1', '203.0.113.7')).toBeNull();
    expect(await seen(full(1), '10.0.0.1')).toBeNull();
  });
});

test('gives no address with VISITOR_IP=none', async () => {
  expect(await seen({ visitorIp: 'none', trustedProxyHops: 0 }, '192.0.2.1')).toBeNull();
});

test('gives only the network with VISITOR_IP=anonymized', async () => {
  expect(await seen({ visitorIp: 'anonymized', trustedProxyHops: 0 }, '192.0.2.1')).toBe('192.0.2.0');
});
