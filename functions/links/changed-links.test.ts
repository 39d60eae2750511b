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

describe('changing a link', () => {
  test('changes the given fields, clears null ones, and leaves the rest', async () => {
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

  test('refuses to change the code and other fields that callers cannot set', async () => {
    await create();
    for (const field of ['short_code', 'visit_count', 'created_at', 'deleted_at', 'version']) {
      const answer = await call('PATCH', `/api/v1/links/${code}`, { [field]: 'x' });
      expect(faultyFields(answer)).toEqual([field]);
    }
  });

  test('checks a new URL like the first', async () => {
    await create();
    const answer = await call('PATCH', `/api/v1/links/${code}`, { original_url: 'ftp://example.com/' });
    expect(faultyFields(answer)).toEqual(['original_url']);
  });

  test('may expire a link at once', async () => {
    await create();
    const past = '2020-01-01T00:00:00.000Z';
    expect((await call('PATCH', `/api/v1/links/${code}`, { expires_at: past })).body['expires_at']).toBe(
      past,
    );
  });
});

describe('a deleted link', () => {
  test('is gone, stays gone when it is deleted again, and is restored as it was', async () => {
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
