import { TEST_API_KEY } from '@terse/runtime/services/test-services';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { createLinksApp } from './app.ts';
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

  test('without a length is cut off at the limit', async () => {
    let sent = 0;
    const endless = new ReadableStream({
      pull: (controller) => {
        sent += 1024;
        controller.enqueue(new Uint8Array(1024).fill(32));
      },
    });
    const response = await createLinksApp(services).request('/api/v1/links', {
      method: 'POST',
      headers: { Authorization: `Bearer ${TEST_API_KEY}` },
      body: endless,
      duplex: 'half',
    });
    expect(response.status).toBe(413);
    expect(sent).toBeLessThan(100 * 1024);
  });
});

describe('listing', () => {
  test('pages through every link, newest first, and filters', async () => {
    const tag = `tag-${code}`;
    for (const name of ['a', 'b', 'c', 'd', 'e']) {
      await services.create(`${code}-${name}`, { tags: [tag], title: `Title ${name}` });
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
])('%s %s is not allowed, and the answer names the allowed methods', async (method, path, allowed) => {
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
