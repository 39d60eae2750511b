import { LINK_DEFAULTS, type LinkOptions } from '@terse/core/links/link';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { faultyFields, openTestLinks, type TestLinks } from './test-links.ts';

let links: TestLinks;
beforeAll(async () => {
  links = await openTestLinks();
});
afterAll(() => links.close());

let codes = 0;
let code: string;
beforeEach(() => {
  code = `link-${codes++}`;
});

const create = (link: object = {}) =>
  links.call('POST', '/api/v1/links', { original_url: 'https://example.com/', short_code: code, ...link });
const change = (body: unknown, type = 'application/json') =>
  links.call('PATCH', `/api/v1/links/${code}`, body, { 'Content-Type': type });
const codesOf = async (query: string) => {
  const { body } = await links.call('GET', `/api/v1/links?${query}`);
  return (body['links'] as { short_code: string }[]).map(({ short_code }) => short_code);
};

describe('a time outside the years 2000 to 2999', () => {
  const times = ['0031-01-01T00:00:00Z', '9999-12-31T23:59:59Z', '+275760-09-13T00:00:00.000Z', 'infinity'];

  test.each(times)('is refused when a link is created, alone or in bulk: %s', async (expires_at) => {
    const one = await create({ expires_at });
    expect([one.status, faultyFields(one)]).toEqual([422, ['expires_at']]);
    const link = { original_url: 'https://example.com/' };
    const many = await links.call('POST', '/api/v1/bulk/links', { links: [link, { ...link, expires_at }] });
    expect([many.status, faultyFields(many)]).toEqual([422, ['links.1.expires_at']]);
  });

  test.each(times)('is refused when a link is changed, and changes nothing: %s', async (expires_at) => {
    const { body } = await create();
    const answer = await change({ title: 'New', expires_at });
    expect([answer.status, faultyFields(answer)]).toEqual([422, ['expires_at']]);
    expect((await links.call('GET', `/api/v1/links/${code}`)).body).toEqual(body);
  });
});

describe('a merge patch', () => {
  test.each(['application/merge-patch+json', 'application/json', 'application/json; charset=utf-8'])(
    'of the type %s changes the given fields, and null restores the default',
    async (type) => {
      const filled: Record<keyof LinkOptions, unknown> = {
        title: 'T',
        tags: ['a'],
        expires_at: '2027-01-01T00:00:00.000Z',
        redirect_status: 301,
        pinned: true,
      };
      const { body: before } = await create();
      const changed = await change(filled, type);
      expect([changed.status, changed.body]).toEqual([200, { ...before, ...filled }]);
      const cleared = await change(
        Object.fromEntries(Object.keys(filled).map((field) => [field, null])),
        type,
      );
      expect([cleared.status, cleared.body]).toEqual([200, { ...before, ...LINK_DEFAULTS }]);
    },
  );

  test('cannot remove the original URL', async () => {
    await create();
    const answer = await change({ original_url: null });
    expect([answer.status, faultyFields(answer)]).toEqual([422, ['original_url']]);
  });

  test('without fields changes nothing, not even the time of the last change', async () => {
    const { body } = await create();
    links.clock.advance(1000);
    const answer = await change({}, 'application/merge-patch+json');
    expect([answer.status, answer.body]).toEqual([200, body]);
  });

  test.each(['[]', 'null', '1', '"x"'])('of %s is refused', async (text) => {
    await create();
    expect((await change(text, 'application/merge-patch+json')).status).toBe(422);
  });

  test('creates no link', async () => {
    const answer = await links.call(
      'POST',
      '/api/v1/links',
      { original_url: 'https://example.com/' },
      {
        'Content-Type': 'application/merge-patch+json',
      },
    );
    expect(answer.status).toBe(415);
  });
});

describe('a body', () => {
  test('of bytes that are not UTF-8 is a 400, and nothing is stored', async () => {
    const body = Buffer.concat([
      Buffer.from(`{"original_url":"https://example.com/","short_code":"${code}","title":"`),
      Buffer.from([0xe4]),
      Buffer.from('"}'),
    ]);
    const answer = await links.call('POST', '/api/v1/links', body);
    expect([answer.status, answer.body['type']]).toEqual([400, 'urn:terse:problem:malformed_json']);
    expect((await links.call('GET', `/api/v1/links/${code}`)).status).toBe(404);
  });

  test('in another charset is a 415', async () => {
    const answer = await links.call('POST', '/api/v1/links', '{}', {
      'Content-Type': 'application/json; charset=latin1',
    });
    expect([answer.status, answer.body['type']]).toEqual([415, 'urn:terse:problem:unsupported_media_type']);
  });

  test.each([
    [`{"original_url":"https://a.example/","original_url":"https://b.example/"}`, ['original_url']],
    [`{"original_url":"https://a.example/","__proto__":{"title":"x"}}`, ['__proto__']],
    [`{"original_url":"https://a.example/\\ud800"}`, ['original_url']],
    [`{"original_url":"https://a.example/\\u0000"}`, ['original_url']],
    [`{"original_url":"https://a.example/","tags":["a\\u0000"]}`, ['tags.0']],
    [`{"original_url":"https://a.example/","short_code":"a\\u0000"}`, ['short_code']],
    [`{"original_url":"https://a.example/","title":"\\udc00"}`, ['title']],
    [`{"original_url":"https://a.example/","title":7}`, ['title']],
    [`{"original_url":"https://a.example/","title":[[[[[[]]]]]]}`, ['title']],
    [`{"original_url":"https://a.example/","redirect_status":1e400}`, ['redirect_status']],
    [`{"original_url":"https://a.example/","redirect_status":"301"}`, ['redirect_status']],
    [`{"original_url":"https://a.example/","tags":{"0":"a","length":1}}`, ['tags']],
    [`{"original_url":"https://a.example/","title":"\\u202Egpj.exe"}`, ['title']],
    [`{"original_url":"https://a.example/","tags":["\\u2066a"]}`, ['tags.0']],
  ])('%s is refused, and the field is named', async (body, fields) => {
    const answer = await links.call('POST', '/api/v1/links', body);
    expect([answer.status, faultyFields(answer)]).toEqual([422, fields]);
  });

  test('of many links names the field of each fault', async () => {
    const link = { original_url: 'https://example.com/', short_code: code };
    const twice = await links.call('POST', '/api/v1/bulk/links', {
      links: [link, {}, link, { ...link, tags: [''] }],
    });
    expect([twice.status, faultyFields(twice)]).toEqual([422, ['links.1.original_url', 'links.3.tags.0']]);
    const same = await links.call('POST', '/api/v1/bulk/links', { links: [link, link] });
    expect([same.status, faultyFields(same)]).toEqual([422, ['links.1.short_code']]);
  });
});

test.each([
  'api',
  'App',
  'DOCS',
  'favicon',
  'robots',
  '.well-known',
  'favicon.ico',
  'robots.txt',
  '__proto__/x',
  '.live',
])('refuses the code %s', async (short_code) => {
  const answer = await create({ short_code });
  expect([answer.status, faultyFields(answer)]).toEqual([422, ['short_code']]);
});

describe('tags', () => {
  test('that are repeated narrow the list', async () => {
    await create({ short_code: `${code}-a`, tags: [code, 'red', 'small'] });
    await create({ short_code: `${code}-b`, tags: [code, 'red'] });
    await create({ short_code: `${code}-c`, tags: [code, 'small'] });
    expect(await codesOf(`tag=${code}&tag=red`)).toEqual([`${code}-b`, `${code}-a`]);
    expect(await codesOf(`tag=red&tag=small&tag=${code}`)).toEqual([`${code}-a`]);
    expect(await codesOf(`tag=${code}&tag=blue`)).toEqual([]);
  });

  test('are the same with composed and decomposed letters', async () => {
    const { body } = await create({ tags: [`${code}-\u00FC`, `${code}-u\u0308`] });
    expect(body['tags']).toEqual([`${code}-\u00FC`]);
    for (const spelling of ['\u00FC', 'u\u0308']) {
      expect(await codesOf(`tag=${code}-${encodeURIComponent(spelling)}`)).toEqual([code]);
    }
  });
});

test.each([
  ['limit=3&limit=x', 'limit'],
  ['limit=3&limit=3', 'limit'],
  ['search=a&search=b', 'search'],
  ['cursor=a&cursor=a', 'cursor'],
  ['deleted=only&deleted=only', 'deleted'],
  ['limt=3', 'limt'],
  ['__proto__=3', '__proto__'],
  ['limit=', 'limit'],
  ['limit=3.0', 'limit'],
  ['limit=1e1', 'limit'],
  ['limit=%203', 'limit'],
  ['limit=99999999999999999999', 'limit'],
  ['tag=', 'tag'],
  ['tag=a&tag=', 'tag'],
  ['tag=%00', 'tag'],
  ['tag=%FF', 'tag'],
  [Array.from({ length: 21 }, (_, index) => `tag=${index}`).join('&'), 'tag'],
  ['search=', 'search'],
  ['search=%E4', 'search'],
  ['search=%E2%80%AE', 'search'],
  ['cursor=', 'cursor'],
  ['deleted=', 'deleted'],
])('?%s is refused, and the parameter is named', async (query, field) => {
  const answer = await links.call('GET', `/api/v1/links?${query}`);
  expect([answer.status, new Set(faultyFields(answer))]).toEqual([422, new Set([field])]);
});

test.each([
  ['POST', '/api/v1/links'],
  ['POST', '/api/v1/bulk/links'],
  ['GET', '/api/v1/links/x'],
  ['PATCH', '/api/v1/links/x'],
  ['DELETE', '/api/v1/links/x'],
  ['POST', '/api/v1/links/x/restore'],
])('%s %s takes no query parameter', async (method, path) => {
  const answer = await links.call(method, `${path}?force=true`, method === 'GET' ? undefined : {});
  expect([answer.status, faultyFields(answer)]).toEqual([422, ['force']]);
});
