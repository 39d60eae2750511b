import * as fc from 'fast-check';
import { Hono } from 'hono';
import { expect, test } from 'vitest';
import { requestText } from './request-header.ts';

/** What the app reads from a header with these bytes. */
async function read(bytes: Buffer): Promise<unknown> {
  const app = new Hono().get('/', (c) => c.json(requestText(c, 'referer') ?? null));
  const headers = { referer: bytes.toString('latin1') };
  return (await app.request('/', {}, { incoming: { headers } })).json();
}

test('reads any text in UTF-8 as it was sent', () =>
  fc.assert(
    fc.asyncProperty(fc.string({ unit: 'binary' }), async (text) => {
      expect(await read(Buffer.from(text))).toBe(text);
    }),
  ));

test.each([
  ['https://zürich.example/straße', 'utf8'],
  ['https://z\u00fcrich.example/', 'latin1'],
  ['plain', 'ascii'],
] as const)('reads %s in %s', async (text, encoding) => {
  expect(await read(Buffer.from(text, encoding))).toBe(text);
});
