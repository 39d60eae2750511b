import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { openTestServices, type TestServices } from '@terse/runtime/services/test-services';
import { DomainError } from '@terse/core/errors';
import type { ObservedVisit } from '@terse/core/visits/visit-encoder';
import { createRedirectApp } from './app.ts';

let services: TestServices;
beforeAll(async () => {
  services = await openTestServices();
});
afterAll(() => services.close());

function setUp(overrides: Partial<Parameters<typeof createRedirectApp>[0]> = {}) {
  const record = vi.fn<(visit: ObservedVisit) => void>();
  return {
    record,
    app: createRedirectApp({
      ...services,
      recorder: { record, commit: () => undefined, confirmed: () => undefined },
      ...overrides,
    }),
  };
}

test('redirects to exactly the stored target, and forbids caches to store the answer', async () => {
  const { app } = setUp();
  const link = await services.linkService.shorten({
    original_url: 'https://example.com/a%20b?q=%C3%BC&x=1#frag',
  });
  const response = await app.request(`/${link.short_code}?utm_source=ignored`);
  expect(response.status).toBe(307);
  expect(response.headers.get('Location')).toBe('https://example.com/a%20b?q=%C3%BC&x=1#frag');
  expect(response.headers.get('Cache-Control')).toBe('no-store');
  expect(await response.text()).toBe('');
});

test.each([301, 302, 307, 308] as const)(
  'redirects with %i when the link says so',
  async (redirect_status) => {
    const { app } = setUp();
    const link = await services.linkService.shorten({
      original_url: 'https://example.com/',
      redirect_status,
    });
    expect((await app.request(`/${link.short_code}`)).status).toBe(redirect_status);
  },
);

test('reads the user agent and the referrer as UTF-8', async () => {
  const { app, record } = setUp();
  const link = await services.linkService.shorten({ original_url: 'https://example.com/' });
  const sent = (text: string) => Buffer.from(text).toString('latin1');
  const headers = { referer: sent('https://zürich.example/straße'), 'user-agent': sent('Браузер/1.0') };
  await app.request(`/${link.short_code}`, {}, { incoming: { headers, socket: {} } });
  expect(record).toHaveBeenCalledWith(
    expect.objectContaining({ referrer: 'https://zürich.example/straße', userAgent: 'Браузер/1.0' }),
  );
});

test('records all facts about the visit', async () => {
  const { app, record } = setUp({ clientIp: () => '192.0.2.0', country: () => 'DE' });
  const { short_code } = await services.linkService.shorten({ original_url: 'https://example.com/' });
  await app.request(`/${short_code}`, {
    headers: { 'User-Agent': 'Agent/1', Referer: 'https://news.example/' },
  });
  await app.request(`/${short_code}/`, { method: 'HEAD' });
  expect(record.mock.calls.flat()).toEqual([
    {
      shortCode: short_code,
      ip: '192.0.2.0',
      userAgent: 'Agent/1',
      referrer: 'https://news.example/',
      country: 'DE',
      isProbe: false,
    },
    {
      shortCode: short_code,
      ip: '192.0.2.0',
      userAgent: undefined,
      referrer: undefined,
      country: 'DE',
      isProbe: true,
    },
  ]);
});

test.each([
  ['Sec-Purpose', 'prefetch', true],
  ['Sec-Purpose', 'prefetch;prerender', true],
  ['Sec-Purpose', 'prefetch;anonymous-client-ip', true],
  ['Sec-Purpose', 'prefetch;prerender;anonymous-client-ip', true],
  ['Purpose', 'prefetch', true],
  ['Purpose', 'preview', true],
  ['X-Moz', 'prefetch', true],
  ['X-Purpose', 'preview', true],
  ['Purpose', 'unprefetched', false],
  ['Sec-Purpose', '', false],
  ['Sec-Fetch-Mode', 'navigate', false],
])('redirects a request with %s: %s, and records it as a probe: %s', async (name, value, isProbe) => {
  const { app, record } = setUp();
  const { short_code } = await services.linkService.shorten({ original_url: 'https://example.com/' });
  for (const method of ['GET', 'HEAD']) {
    const response = await app.request(`/${short_code}`, { method, headers: { [name]: value } });
    expect(response.status).toBe(307);
  }
  expect(record.mock.calls.map(([visit]) => visit.isProbe)).toEqual([isProbe, true]);
});

test('answers after the visit is confirmed, where the settings ask for it', async () => {
  const { promise, resolve } = Promise.withResolvers<void>();
  const { app } = setUp({ recorder: { record: vi.fn(), commit: vi.fn(), confirmed: () => promise } });
  const { short_code } = await services.linkService.shorten({ original_url: 'https://example.com/' });
  const answered = vi.fn();
  const answering = Promise.resolve(app.request(`/${short_code}`)).then(answered);
  await new Promise(setImmediate);
  expect(answered).not.toHaveBeenCalled();
  resolve();
  await answering;
  expect(answered.mock.calls[0]?.[0]).toMatchObject({ status: 307 });
});

describe('says why it does not redirect, and counts no visit', () => {
  test.each(['never', 'not a code', '.events', 'a.b', 'x'.repeat(65), '%E0%A4%A', 'ü'])(
    '%s: 404',
    async (path) => {
      const { app, record } = setUp();
      const response = await app.request(`/${path}`);
      expect(response.status).toBe(404);
      expect(record).not.toHaveBeenCalled();
    },
  );

  test('deleted: 410', async () => {
    const { app, record } = setUp();
    const { short_code } = await services.linkService.shorten({ original_url: 'https://example.com/' });
    await services.linkService.remove(short_code);
    const response = await app.request(`/${short_code}`);
    expect(response.status).toBe(410);
    expect(await response.json()).toMatchObject({ type: 'urn:terse:problem:link_deleted' });
    expect(record).not.toHaveBeenCalled();
  });

  test('expired: 410, without a second query', async () => {
    const { app, record } = setUp();
    const expires_at = new Date(services.clock.now() + 1000);
    const { short_code } = await services.linkService.shorten({
      original_url: 'https://example.com/',
      expires_at,
    });
    expect((await app.request(`/${short_code}`)).status).toBe(307);
    services.clock.advance(1000);
    const response = await app.request(`/${short_code}`);
    expect(response.status).toBe(410);
    expect(await response.json()).toMatchObject({ type: 'urn:terse:problem:link_expired' });
    expect(record).toHaveBeenCalledTimes(1);
  });

  test('database down: 503 with Retry-After, never 404', async () => {
    const { app, record } = setUp({
      resolver: { resolve: () => Promise.reject(new DomainError('unavailable', 'Not now.')) },
    });
    const response = await app.request('/whatever');
    expect(response.status).toBe(503);
    expect(response.headers.get('Retry-After')).toBe('2');
    expect(record).not.toHaveBeenCalled();
  });
});

test('shows a browser a page, and everything else problem details', async () => {
  const { app } = setUp();
  const html = await app.request('/never', { headers: { Accept: 'text/html,*/*;q=0.8' } });
  expect(html.headers.get('Content-Type')).toContain('text/html');
  const json = await app.request('/never', { headers: { Accept: '*/*' } });
  expect(json.headers.get('Content-Type')).toBe('application/problem+json');
});

test('steady visitors see a change within two seconds', async () => {
  const { app } = setUp();
  const { short_code } = await services.linkService.shorten({ original_url: 'https://example.com/old' });
  await app.request(`/${short_code}`);
  await services.linkService.change(short_code, { original_url: 'https://example.com/new' });
  for (let elapsed = 0; elapsed < 2000; elapsed += 250) {
    await app.request(`/${short_code}`);
    services.clock.advance(250);
  }
  const response = await app.request(`/${short_code}`);
  expect(response.headers.get('Location')).toBe('https://example.com/new');
});

test.each(['POST', 'PUT', 'DELETE', 'OPTIONS'])('%s is not allowed', async (method) => {
  const response = await setUp().app.request('/x', { method });
  expect(response.status).toBe(405);
  expect(response.headers.get('Allow')).toBe('GET, HEAD');
});

test('the bare address shows a page', async () => {
  const response = await setUp().app.request('/');
  expect(response.status).toBe(200);
  expect(await response.text()).toContain('Short links');
});

test('writes every visit to the journal before its response leaves, in every composition', () => {
  const commit = vi.fn();
  const { app } = setUp({ recorder: { record: () => undefined, commit, confirmed: () => undefined } });
  app.beforeResponses();
  expect(commit).toHaveBeenCalledTimes(1);
});
