import { Hono } from 'hono';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import type { Listener } from '@terse/http/listen';
import { serve } from '@terse/http/serve';
import { sendRaw } from '../../harness/clients/raw-request.ts';
import { createGatewayApp, originOfEach } from './app.ts';
import { proxyTo } from './proxy.ts';

const services = { log: { error: vi.fn(), info: vi.fn() } };
const named = (name: string) => new Hono().all('*', (c) => c.text(`${name} ${c.req.method} ${c.req.path}`));

describe('routes', () => {
  const app = createGatewayApp({ ...services, ...originOfEach(named) });

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

test('writes the visits of redirects to the journal before their responses leave', () => {
  const beforeResponses = vi.fn();
  const redirect = Object.assign(named('redirect'), { beforeResponses });
  const app = createGatewayApp({ ...services, ...originOfEach(named), redirect });
  app.beforeResponses?.();
  expect(beforeResponses).toHaveBeenCalledTimes(1);
});

/** Serves apps on free ports until the test ends. */
async function serveAll(...apps: readonly Pick<Hono, 'fetch'>[]): Promise<Listener[]> {
  const servers = await Promise.all(apps.map((app) => serve(app, { host: '127.0.0.1', port: 0 })));
  onTestFinished(async () => void (await Promise.all(servers.map((server) => server.close(0)))));
  return servers;
}

const urlOf = (server: Listener | undefined) => `http://127.0.0.1:${server?.port}`;

/** A gateway in front of one function that stands in for all. */
async function serveGateway(origin: string): Promise<string> {
  const proxied = proxyTo(new URL(origin));
  const app = createGatewayApp({ ...services, ...originOfEach(() => proxied) });
  const [gateway] = await serveAll(app);
  return urlOf(gateway);
}

describe('a proxied function', () => {
  const seen = vi.fn();
  async function setUp(): Promise<string> {
    const app = new Hono()
      .post('/api/*', async (c) =>
        c.json({ body: await c.req.text(), ...c.req.header() }, 201, {
          'X-Answer': 'yes',
          Connection: 'X-Private',
          'X-Private': 'between the two',
        }),
      )
      .all('*', (c) => {
        seen(c.req.path, c.req.query('q'), c.req.header('X-Forwarded-For'));
        return c.redirect('https://example.com/', 307);
      });
    const [server] = await serveAll(app);
    return serveGateway(urlOf(server));
  }

  test('answers the same through the gateway and alone, redirects included', async () => {
    const gateway = await setUp();
    const response = await fetch(`${gateway}/code?q=%C3%BC`, { redirect: 'manual' });
    expect(response.status).toBe(307);
    expect(response.headers.get('Location')).toBe('https://example.com/');
    expect(seen).toHaveBeenLastCalledWith('/code', 'ü', '127.0.0.1');
  });

  test('gets the body and the headers, with the visitor appended to earlier proxies', async () => {
    const gateway = await setUp();
    const response = await fetch(`${gateway}/api/v1/links`, {
      method: 'POST',
      body: '{"a":1}',
      headers: {
        Authorization: 'Bearer x',
        'X-Forwarded-For': '6.6.6.6',
        'X-Forwarded-Host': 'evil.example',
      },
    });
    expect(response.status).toBe(201);
    expect(response.headers.get('X-Answer')).toBe('yes');
    expect(await response.json()).toMatchObject({
      body: '{"a":1}',
      authorization: 'Bearer x',
      'x-forwarded-for': '6.6.6.6, 127.0.0.1',
      'x-forwarded-host': new URL(gateway).host,
    });
  });

  test('and its caller get no hop-by-hop headers of each other', async () => {
    const gateway = await setUp();
    const body = '{}';
    const [response] = await sendRaw(
      Number(new URL(gateway).port),
      [
        'POST /api/v1/links HTTP/1.1',
        'Host: go.example',
        'Connection: close, X-Mine, Content-Length, TE',
        'Keep-Alive: timeout=5',
        'Proxy-Authorization: Basic x',
        'Proxy-Connection: close',
        'TE: trailers',
        'Trailer: X-Sum',
        'Upgrade: h2c',
        'X-Mine: between the two',
        'X-Theirs: for the function',
        `Content-Length: ${body.length}`,
        '',
        body,
      ].join('\r\n'),
    );
    expect(response?.status).toBe(201);
    expect(response?.headers.has('x-private')).toBe(false);
    const { body: received, ...headers } = JSON.parse(response?.body ?? '') as Record<string, string>;
    expect(received).toBe(body);
    expect(Object.keys(headers).toSorted()).toEqual([
      'connection',
      'content-length',
      'host',
      'x-forwarded-for',
      'x-forwarded-host',
      'x-theirs',
    ]);
    expect(headers['connection']).toBe('keep-alive');
  });

  test('that does not answer is a 503 with Retry-After', async () => {
    const response = await fetch(`${await serveGateway('http://127.0.0.1:1')}/code`);
    expect(response.status).toBe(503);
    expect(response.headers.get('Retry-After')).toBe('2');
  });

  test('whose name does not resolve is a 503, too', async () => {
    const response = await fetch(`${await serveGateway('http://function.invalid')}/code`);
    expect(response.status).toBe(503);
    expect(response.headers.get('Retry-After')).toBe('2');
  });
});
