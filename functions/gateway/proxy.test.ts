import { serve, type RunningServer } from '@terse/http/serve';
import { Hono } from 'hono';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { proxyTo } from './proxy.ts';

let server: RunningServer;
beforeAll(async () => {
  const app = new Hono().all('*', (c) => c.text(new URL(c.req.url).pathname));
  server = await serve(app, { host: '127.0.0.1', port: 0 });
});
afterAll(() => server.close(0));

test.each(['/code', '//other.example/path', '//other.example:1', '/%2F/other.example', '/a//b'])(
  'sends a request for %s to the function, and to no other host',
  async (path) => {
    const origin = proxyTo(new URL(`http://127.0.0.1:${server.port}`));
    const response = await origin.fetch(new Request(`http://go.example${path}`));
    expect(await response.text()).toBe(path);
  },
);
