import { Hono } from 'hono';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { type RunningServer, serve } from '@terse/http/serve';
import { createGatewayApp } from './app.ts';
import { proxyTo } from './proxy.ts';

const parts = { log: { error: vi.fn(), info: vi.fn() } };
const named = (name: string) => new Hono().all('*', (c) => c.text(`${name} ${c.req.method} ${c.req.path}`));

describe('routes', () => {
  const app = createGatewayApp({
    ...parts,
    redirect: named('redirect'),
    links: named('links'),
    stats: named('stats'),
  });

  test.each([
    ['GET', '/', 'redirect'],
    ['HEAD', '/code', 'redirect'],
    ['POST', '/code', 'redirect'],
    ['GET', '/apis', 'redirect'],
    ['POST', '/.events', 'redirect'],
    ['GET', '/.metrics', 'redirect'],
    ['GET', '/api/v1/links', 'links'],
    ['POST', '/api/v1/links', 'links'],
    ['PATCH', '/api/v1/links/stats', 'links'],
    ['POST', '/api/v1/links/code/restore', 'links'],
    ['GET', '/api/v1/links/code/stats', 'stats'],
    ['GET', '/api/v1/links/code/stats/visits', 'stats'],
  ])('%s %s to %s', async (method, path, name) => {
    const response = await app.request(path, { method });
    expect(response.status).toBe(200);
    const text = await response.text();
    expect(text).toBe(method === 'HEAD' ? '' : `${name} ${method} ${path}`);
  });
});

describe('a proxied function', () => {
  const seen = vi.fn();
  let server: RunningServer;
  let gateway: ReturnType<typeof createGatewayApp>;
  beforeAll(async () => {
    const app = new Hono()
      .post('/api/*', async (c) =>
        c.json({ body: await c.req.text(), ...c.req.header() }, 201, { 'X-Answer': 'yes' }),
      )
      .all('*', (c) => {
        seen(c.req.url, c.req.header('X-Forwarded-For'));
        return c.redirect('https://example.com/', 307);
      });
    server = await serve(app, { host: '127.0.0.1', port: 0 });
    const origin = proxyTo(new URL(`http://127.0.0.1:${server.port}`));
    gateway = createGatewayApp({ ...parts, redirect: origin, links: origin, stats: origin });
  });
  afterAll(() => server.close(1000));

  const peer = { incoming: { socket: { remoteAddress: '203.0.113.7' } } };

  test('answers through the gateway as it would itself, redirects included', async () => {
    const response = await gateway.request('/code?q=%C3%BC', {}, peer);
    expect(response.status).toBe(307);
    expect(response.headers.get('Location')).toBe('https://example.com/');
    expect(seen).toHaveBeenLastCalledWith(`http://127.0.0.1:${server.port}/code?q=%C3%BC`, '203.0.113.7');
  });

  test('gets the body and the headers, and the visitor appended to those who sent it on before', async () => {
    const response = await gateway.request(
      '/api/v1/links',
      {
        method: 'POST',
        body: '{"a":1}',
        headers: { Authorization: 'Bearer x', 'X-Forwarded-For': '6.6.6.6' },
      },
      peer,
    );
    expect(response.status).toBe(201);
    expect(response.headers.get('X-Answer')).toBe('yes');
    expect(await response.json()).toMatchObject({
      body: '{"a":1}',
      authorization: 'Bearer x',
      'x-forwarded-for': '6.6.6.6, 203.0.113.7',
    });
  });

  test('that does not answer is a 503, which says when to come back', async () => {
    const nowhere = proxyTo(new URL('http://127.0.0.1:1'));
    const app = createGatewayApp({ ...parts, redirect: nowhere, links: nowhere, stats: nowhere });
    const response = await app.request('/code');
    expect(response.status).toBe(503);
    expect(response.headers.get('Retry-After')).toBe('2');
  });
});
