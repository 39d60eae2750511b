import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { faultyFields, openTestLinks, type TestLinks } from './test-links.ts';

let links: TestLinks;
beforeAll(async () => {
  links = await openTestLinks();
});
afterAll(() => links.close());

describe('a cursor that this API never gave', () => {
  const list = (cursor: string) =>
    links.call('GET', `/api/v1/links?deleted=include&cursor=${encodeURIComponent(cursor)}`);
  const encoded = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const created = '2026-01-01T00:00:00.000Z';

  test.each([
    encoded([created, 1]),
    encoded([created, 'neverMade']),
    encoded([created, '']),
    encoded([created, 'x'.repeat(65)]),
    encoded([created, 'a\0b']),
    encoded([created, '\uD800']),
    encoded([created, '__proto__']),
    encoded([created, 'x', 'y']),
    encoded([created]),
    encoded(['', 'x']),
    encoded([1e308, 'x']),
    encoded({ 0: created, 1: 'x', length: 2 }),
    encoded(null),
    `${encoded([created, 'x'])}=`,
    Buffer.from([0x22, 0xff, 0x22]).toString('base64url'),
    '[]',
    'x'.repeat(300),
  ])('%j is refused', async (cursor) => {
    const answer = await list(cursor);
    expect([answer.status, faultyFields(answer)]).toEqual([422, ['cursor']]);
  });

  test.each(['0031-01-01T00:00:00Z', '+275760-09-13T00:00:00.000Z', '9999-12-31T23:59:59Z', 'infinity'])(
    'of the time %s is refused, also beside the code of a link',
    async (time) => {
      const { body } = await links.call('POST', '/api/v1/links', { original_url: 'https://example.com/' });
      const answer = await list(encoded([time, body['short_code']]));
      expect([answer.status, faultyFields(answer)]).toEqual([422, ['cursor']]);
    },
  );

  test('is refused or starts a page, for any content', async () => {
    const position = fc.oneof(
      fc.jsonValue({ maxDepth: 2 }),
      fc.tuple(fc.date().map(String), fc.string({ unit: 'binary' })),
      fc.tuple(
        fc.constant(created),
        fc.oneof(fc.string({ unit: 'binary' }), fc.stringMatching(/^[\w-]{1,9}$/)),
      ),
    );
    await fc.assert(
      fc.asyncProperty(position, async (value) => {
        expect([200, 422]).toContain((await list(encoded(value))).status);
      }),
    );
  });
});
