import { createApiKeyService } from '@terse/core/access/api-key-service';
import { TEST_API_KEY } from '@terse/runtime/services/test-services';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { createLinksApp } from './app.ts';
import { openTestLinks, type TestLinks } from './test-links.ts';

let services: TestLinks;
beforeAll(async () => {
  services = await openTestLinks();
});
afterAll(() => services.close());

describe('an API key', () => {
  test.each([undefined, 'Basic abc', 'Bearer', 'Bearer wrong-key', `Bearer ${TEST_API_KEY} x`])(
    '%j is refused',
    async (value) => {
      const headers = value === undefined ? {} : { Authorization: value };
      for (const path of ['/api/v1/links', '/api/v1/links/x', '/api/v1/nothing']) {
        const response = await createLinksApp(services).request(path, { headers });
        expect(response.status).toBe(401);
        expect(response.headers.get('WWW-Authenticate')).toBe('Bearer');
      }
    },
  );
});

test('answers callers with a key while lookups of invented keys never end', async () => {
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
