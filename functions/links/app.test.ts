import { createApiKeyService } from '@terse/core/access/api-key-service';
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { openTestServices, TEST_API_KEY, type TestServices } from '@terse/runtime/services/test-services';
import { createLinksApp } from './app.ts';

let services: TestServices;
let app: ReturnType<typeof createLinksApp>;
beforeAll(async () => {
  services = await openTestServices();
  app = createLinksApp(services);
});
afterAll(() => services.close());

let codes = 0;
let code: string;
beforeEach(() => {
  code = `link-${codes++}`;
});

interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Record<string, unknown>;
}

async function call(
  method: string,
  path: string,
  body?: unknown,
  headers: Record<string, string> = {},
): Promise<Answer> {
  const response = await app.request(path, {
    method,
    headers: { Authorization: `Bearer ${TEST_API_KEY}`, 'Content-Type': 'application/json', ...headers },
    ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
  });
  const text = await response.text();
  return { status: response.status, headers: response.headers, body: text ? JSON.parse(text) : {} };
}

const create = (link: object = {}) =>
  call('POST', '/api/v1/links', { original_url: 'https://example.com/', short_code: code, ...link });

const faultyFields = ({ body }: Answer) => (body['errors'] as { field: string }[]).map(({ field }) => field);

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

  test('makes a code when none is asked for, a new one each time', async () => {
    const links = await Promise.all(
      Array.from({ length: 20 }, () =>
        call('POST', '/api/v1/links', { original_url: 'https://example.com/' }),
      ),
    );
    const made = new Set(links.map(({ body }) => body['short_code']));
    expect(made.size).toBe(20);
    expect([...made].every((each) => /^[0-9A-Za-z]{7}$/.test(String(each)))).toBe(true);
  });

  test('gives a custom code to one of fifty who ask for it at once, and 409 to the others', async () => {
    const answers = await Promise.all(Array.from({ length: 50 }, () => create()));
    expect(answers.filter(({ status }) => status === 201)).toHaveLength(1);
    const taken = answers.filter(({ status }) => status === 409);
    expect(taken).toHaveLength(49);
    expect(taken.every((answer) => faultyFields(answer).join() === 'short_code')).toBe(true);
  });

  test('does not give the code of a deleted link away', async () => {
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

  test('answers with all of them, in their order, and each can be followed at once', async () => {
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

  test('creates none when one of them cannot be, and names the fields', async () => {
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

describe('a body', () => {
  test.each([
    ['{"original_url":', {}, 400, 'malformed_json'],
    ['', {}, 400, 'malformed_json'],
    ['[]', {}, 422, 'invalid_request'],
    ['null', {}, 422, 'invalid_request'],
    ['<a/>', { 'Content-Type': 'application/xml' }, 415, 'unsupported_media_type'],
    [`"${'x'.repeat(33 * 1024)}"`, {}, 413, 'body_too_large'],
  ])('of %j is answered with a problem', async (body, headers, status, type) => {
    const answer = await call('POST', '/api/v1/links', body, headers);
    expect(answer.status).toBe(status);
    expect(answer.body['type']).toBe(`urn:terse:problem:${type}`);
  });

  test('that grows without saying how long it is, is cut off', async () => {
    let sent = 0;
    const endless = new ReadableStream({
      pull: (controller) => {
        sent += 1024;
        controller.enqueue(new Uint8Array(1024).fill(32));
      },
    });
    const response = await app.request('/api/v1/links', {
      method: 'POST',
      headers: { Authorization: `Bearer ${TEST_API_KEY}` },
      body: endless,
      duplex: 'half',
    });
    expect(response.status).toBe(413);
    expect(sent).toBeLessThan(100 * 1024);
  });
});

describe('an API key', () => {
  test.each([undefined, 'Basic abc', 'Bearer', 'Bearer wrong-key', `Bearer ${TEST_API_KEY} x`])(
    '%j is refused',
    async (value) => {
      const headers = value === undefined ? {} : { Authorization: value };
      for (const path of ['/api/v1/links', '/api/v1/links/x', '/api/v1/nothing']) {
        const response = await app.request(path, { headers });
        expect(response.status).toBe(401);
        expect(response.headers.get('WWW-Authenticate')).toBe('Bearer');
      }
    },
  );
});

describe('changing a link', () => {
  test('changes what is given, clears what is null, and leaves the rest', async () => {
    const { body: before } = await create({ title: 'Old', tags: ['a'], expires_at: '2027-01-01T00:00:00Z' });
    services.clock.advance(1000);
    const { status, body } = await call('PATCH', `/api/v1/links/${code}`, {
      original_url: 'https://example.org',
      title: null,
      expires_at: null,
    });
    expect(status).toBe(200);
    expect(body).toEqual({
      ...before,
      original_url: 'https://example.org/',
      title: null,
      expires_at: null,
      updated_at: new Date(services.clock.now()).toISOString(),
    });
    expect((await call('GET', `/api/v1/links/${code}`)).body).toEqual(body);
  });

  test("never changes the code, nor anything that is not the caller's to set", async () => {
    await create();
    for (const field of ['short_code', 'visit_count', 'created_at', 'deleted_at', 'version']) {
      const answer = await call('PATCH', `/api/v1/links/${code}`, { [field]: 'x' });
      expect(faultyFields(answer)).toEqual([field]);
    }
  });

  test('checks a new URL as it checks the first', async () => {
    await create();
    const answer = await call('PATCH', `/api/v1/links/${code}`, { original_url: 'ftp://example.com/' });
    expect(faultyFields(answer)).toEqual(['original_url']);
  });

  test('may end a link at once', async () => {
    await create();
    const past = '2020-01-01T00:00:00.000Z';
    expect((await call('PATCH', `/api/v1/links/${code}`, { expires_at: past })).body['expires_at']).toBe(
      past,
    );
  });
});

describe('a deleted link', () => {
  test('is gone, stays gone when it is deleted again, and comes back as it was', async () => {
    const { body: before } = await create({ title: 'Kept' });
    expect((await call('DELETE', `/api/v1/links/${code}`)).status).toBe(204);
    expect((await call('DELETE', `/api/v1/links/${code}`)).status).toBe(204);
    expect((await call('GET', `/api/v1/links/${code}`)).status).toBe(410);
    expect((await call('PATCH', `/api/v1/links/${code}`, { title: 'x' })).status).toBe(410);
    const restored = await call('POST', `/api/v1/links/${code}/restore`);
    expect(restored.status).toBe(200);
    expect(restored.body).toEqual(before);
    expect((await call('POST', `/api/v1/links/${code}/restore`)).body).toEqual(before);
  });
});

test.each([
  ['GET', ''],
  ['PATCH', ''],
  ['DELETE', ''],
  ['POST', '/restore'],
])('%s%s of a code that was never a link is a 404', async (method, action) => {
  for (const unknown of ['never', 'not%20a%20code', 'x'.repeat(65)]) {
    const body = method === 'PATCH' ? {} : undefined;
    const answer = await call(method, `/api/v1/links/${unknown}${action}`, body);
    expect(answer.status).toBe(404);
    expect(answer.body['type']).toBe('urn:terse:problem:link_not_found');
  }
});

describe('listing', () => {
  test('pages through every link, newest first, and filters', async () => {
    const tag = `tag-${code}`;
    for (const name of ['a', 'b', 'c', 'd', 'e']) {
      await create({ short_code: `${code}-${name}`, tags: [tag], title: `Title ${name}` });
      services.clock.advance(1);
    }
    await call('DELETE', `/api/v1/links/${code}-c`);
    const seen: unknown[] = [];
    let cursor: unknown;
    do {
      const query = new URLSearchParams({ tag, limit: '2', ...(typeof cursor === 'string' && { cursor }) });
      const { body } = await call('GET', `/api/v1/links?${query.toString()}`);
      seen.push(...(body['links'] as Record<string, unknown>[]).map((link) => link['short_code']));
      cursor = body['next_cursor'];
    } while (cursor);
    expect(seen).toEqual(['e', 'd', 'b', 'a'].map((name) => `${code}-${name}`));

    const count = async (query: string) =>
      ((await call('GET', `/api/v1/links?tag=${tag}&${query}`)).body['links'] as unknown[]).length;
    expect(await count('deleted=only')).toBe(1);
    expect(await count('deleted=include')).toBe(5);
    expect(await count('search=title%20B')).toBe(1);
    expect(await count('search=%25')).toBe(0);
  });

  test.each([
    ['limit=0', 'limit'],
    ['limit=101', 'limit'],
    ['limit=x', 'limit'],
    ['cursor=garbage', 'cursor'],
    ['deleted=maybe', 'deleted'],
    ['search=%00', 'search'],
    ['page=2', 'page'],
  ])('refuses ?%s', async (query, field) => {
    const answer = await call('GET', `/api/v1/links?${query}`);
    expect(answer.status).toBe(422);
    expect(faultyFields(answer)).toEqual([field]);
  });
});

test.each([
  ['PUT', '/api/v1/links', 'GET, HEAD, POST'],
  ['OPTIONS', '/api/v1/links', 'GET, HEAD, POST'],
  ['POST', '/api/v1/links/x', 'GET, HEAD, PATCH, DELETE'],
  ['GET', '/api/v1/bulk/links', 'POST'],
  ['GET', '/api/v1/links/x/restore', 'POST'],
])('%s %s is not allowed, and says what is', async (method, path, allowed) => {
  const { status, headers } = await call(method, path);
  expect(status).toBe(405);
  expect(headers.get('Allow')).toBe(allowed);
});

test.each([
  '/api',
  '/api/v2/links',
  '/api/v1/nothing',
  '/api/v1/bulk',
  '/api/v1/links/x/nothing',
  '/api/v1/links/x/restore/y',
])('nothing is served at %s, whatever the method', async (path) => {
  for (const method of ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']) {
    const { status, body } = await call(method, path);
    expect([method, status, body['type']]).toEqual([method, 404, 'urn:terse:problem:route_not_found']);
  }
});

test('callers with a key are answered while keys that are invented are looked up without end', async () => {
  const gate = Promise.withResolvers<boolean>();
  const exists = vi.fn((_hash: string) => gate.promise);
  const repository = {
    exists,
    create: () => Promise.resolve(),
    hasActive: () => Promise.resolve(true),
    isEmpty: () => Promise.resolve(false),
  };
  const apiKeys = createApiKeyService({ repository, adminKey: TEST_API_KEY, clock: services.clock });
  const busy = createLinksApp({ ...services, apiKeys });
  const list = (key: string) =>
    busy.request('/api/v1/links', { headers: { Authorization: `Bearer ${key}` } });
  const bad = Array.from({ length: 280 }, (_, index) => list(`terse_${String(index).padStart(43, '0')}`));
  const good = await Promise.all(Array.from({ length: 100 }, () => list(TEST_API_KEY)));
  expect(new Set(good.map(({ status }) => status))).toEqual(new Set([200]));
  expect(exists.mock.calls.length).toBeLessThanOrEqual(8);
  gate.resolve(false);
  const refused = new Set((await Promise.all(bad)).map(({ status }) => status));
  expect(refused).toEqual(new Set([401, 503]));
});

test.each([
  '',
  'Bearer',
  'Bearer short',
  'Basic dXNlcjpwYXNz',
  `Bearer ${'x'.repeat(300)}`,
  'Bearer kéy-of-sixteen-ch',
  'Bearer two keys-in-one-header',
])('%j is no key, and nothing is asked about it', async (header) => {
  const isValid = vi.fn(() => Promise.resolve(true));
  const asked = createLinksApp({ ...services, apiKeys: { isValid } });
  const response = await asked.request('/api/v1/links', { headers: { Authorization: header } });
  expect(response.status).toBe(401);
  expect(response.headers.get('WWW-Authenticate')).toBe('Bearer');
  expect(isValid).not.toHaveBeenCalled();
});
