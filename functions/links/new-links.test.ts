import { LINK_DEFAULTS } from '@terse/core/links/link';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type Call, faultyFields, openTestLinks, type TestLinks } from './test-links.ts';

let services: TestLinks;
beforeAll(async () => {
  services = await openTestLinks();
});
afterAll(() => services.close());

let codes = 0;
let code: string;
beforeEach(() => {
  code = `link-${codes++}`;
});

const call: Call = (...request) => services.call(...request);
const create = (link: object = {}) => services.create(code, link);

describe('creating a link', () => {
  test('answers with the link and where it is', async () => {
    const { status, headers, body } = await create({
      original_url: 'HTTPS://Example.com/ä',
      title: 'Spring sale',
      tags: ['spring', 'sale', 'spring'],
      expires_at: '2027-03-01T00:00:00+01:00',
      redirect_status: 301,
      pinned: true,
    });
    const now = new Date(services.clock.now()).toISOString();
    expect(status).toBe(201);
    expect(headers.get('Location')).toBe(`/api/v1/links/${code}`);
    expect(body).toEqual({
      ...LINK_DEFAULTS,
      short_code: code,
      short_url: `https://go.example/${code}`,
      original_url: 'https://example.com/%C3%A4',
      redirect_status: 301,
      visit_count: 0,
      title: 'Spring sale',
      tags: ['spring', 'sale'],
      pinned: true,
      expires_at: '2027-02-28T23:00:00.000Z',
      created_at: now,
      updated_at: now,
      deleted_at: null,
    });
  });

  test('generates a new code each time when none is given', async () => {
    const links = await Promise.all(
      Array.from({ length: 20 }, () =>
        call('POST', '/api/v1/links', { original_url: 'https://example.com/' }),
      ),
    );
    const made = new Set(links.map(({ body }) => body['short_code']));
    expect(made.size).toBe(20);
    expect([...made].every((each) => /^[0-9A-Za-z]{7}$/.test(String(each)))).toBe(true);
  });

  test('gives a custom code to one of fifty concurrent callers, and 409 to the others', async () => {
    const answers = await Promise.all(Array.from({ length: 50 }, () => create()));
    expect(answers.filter(({ status }) => status === 201)).toHaveLength(1);
    const taken = answers.filter(({ status }) => status === 409);
    expect(taken).toHaveLength(49);
    expect(taken.every((answer) => faultyFields(answer).join() === 'short_code')).toBe(true);
  });

  test('does not reuse the code of a deleted link', async () => {
    await create();
    await call('DELETE', `/api/v1/links/${code}`);
    expect((await create()).status).toBe(409);
  });

  test.each([
    [{ original_url: 'javascript:alert(1)' }, ['original_url']],
    [{ original_url: 'https://user:pass@example.com/' }, ['original_url']],
    [{ original_url: 'https://go.example/loop' }, ['original_url']],
    [{ original_url: 'x'.repeat(9000) }, ['original_url']],
    [{ original_url: 7 }, ['original_url']],
    [{ original_url: undefined }, ['original_url']],
    [{ short_code: 'a b' }, ['short_code']],
    [{ short_code: '' }, ['short_code']],
    [{ short_code: 'API' }, ['short_code']],
    [{ short_code: 'x'.repeat(65) }, ['short_code']],
    [{ title: 'x'.repeat(256) }, ['title']],
    [{ title: 'a\u0000b' }, ['title']],
    [{ title: '\uD800' }, ['title']],
    [{ tags: ['ok', '', 'a\nb'] }, ['tags.1', 'tags.2']],
    [{ tags: Array.from({ length: 21 }, String) }, ['tags']],
    [{ expires_at: 'tomorrow' }, ['expires_at']],
    [{ expires_at: '2027-01-01T00:00:00' }, ['expires_at']],
    [{ expires_at: '2020-01-01T00:00:00Z' }, ['expires_at']],
    [{ redirect_status: 200 }, ['redirect_status']],
    [{ pinned: 'yes' }, ['pinned']],
    [{ orignal_url: 'x', visit_count: 9 }, ['orignal_url', 'visit_count']],
  ])('refuses %o', async (fault, fields) => {
    const answer = await create(fault);
    expect(answer.status).toBe(422);
    expect(faultyFields(answer)).toEqual(fields);
  });
});

describe('creating many links', () => {
  const bulk = (links: unknown) => call('POST', '/api/v1/bulk/links', { links });

  test('answers with all of them in order, and each redirects at once', async () => {
    const links = Array.from({ length: 1000 }, (_, index) => ({
      original_url: `https://example.com/${index}`,
      tags: [code],
      ...(index === 7 && { short_code: code }),
    }));
    const { status, body } = await bulk(links);
    expect(status).toBe(201);
    const created = body['links'] as { short_code: string; original_url: string }[];
    expect(created.map(({ original_url }) => original_url)).toEqual(
      links.map(({ original_url }) => original_url),
    );
    expect(created[7]?.short_code).toBe(code);
    expect((await services.linkService.read(created[999]?.short_code ?? '')).original_url).toBe(
      'https://example.com/999',
    );
  });

  test('creates none when one is invalid, and names the fields', async () => {
    await create();
    const taken = await bulk([
      { original_url: 'https://example.com/', short_code: `${code}-new` },
      { original_url: 'https://example.com/', short_code: code },
    ]);
    expect([taken.status, faultyFields(taken)]).toEqual([409, ['links.1.short_code']]);
    expect((await call('GET', `/api/v1/links/${code}-new`)).status).toBe(404);
    const wrong = await bulk([{ original_url: 'nonsense' }, { original_url: 'https://go.example/x' }]);
    expect([wrong.status, faultyFields(wrong)]).toEqual([
      422,
      ['links.0.original_url', 'links.1.original_url'],
    ]);
    const misspelt = await bulk([{ original_url: 'https://example.com/', colour: 'red' }]);
    expect([misspelt.status, faultyFields(misspelt)]).toEqual([422, ['links.0.colour']]);
  });

  test.each([[[]], [Array.from({ length: 1001 }, () => ({ original_url: 'https://example.com/' }))], ['x']])(
    'takes between one and a thousand',
    async (links) => {
      expect((await bulk(links)).status).toBe(422);
    },
  );
});
