import { createHash } from 'node:crypto';
import { createApp } from '@terse/http/create-app';
import type { Listener } from '@terse/http/listen';
import { serve } from '@terse/http/serve';
import { createLinksApp } from '@terse/links/app';
import { createRedirectApp } from '@terse/redirect/app';
import { openTestServices, TEST_API_KEY, type TestServices } from '@terse/runtime/services/test-services';
import { createStatsApp } from '@terse/stats/app';
import * as fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { sendRaw } from '../../harness/clients/raw-request.ts';
import { HOST, REQUESTS } from './test-raw-requests.ts';
import { createGatewayApp, originOfEach } from './app.ts';
import { proxyTo } from './proxy.ts';

let services: TestServices;
let servers: { redirect: Listener; links: Listener; stats: Listener; gateway: Listener };
beforeAll(async () => {
  services = await openTestServices();
  await services.linkService.shorten({ original_url: 'https://example.com/', short_code: 'spring' });
  const listen = { host: '127.0.0.1', port: 0 };
  const recorder = { record: () => undefined, commit: () => undefined, confirmed: () => undefined };
  const redirect = await serve(createRedirectApp({ ...services, recorder }), listen);
  const links = await serve(createLinksApp(services), listen);
  const stats = await serve(createStatsApp(services), listen);
  const at = ({ port }: Listener) => proxyTo(new URL(`http://127.0.0.1:${port}`));
  const origins = { ...originOfEach(() => at(redirect)), links: at(links), stats: at(stats) };
  const app = createGatewayApp({ ...services, ...origins });
  servers = { redirect, links, stats, gateway: await serve(app, listen) };
});
afterAll(async () => {
  await Promise.all(Object.values(servers).map((server) => server.close(0)));
  await services.close();
});

describe('a function answers the same alone and behind the gateway:', () => {
  test.each(Object.entries(REQUESTS))('%s', async (_name, [status, bytes]) => {
    const isApi = bytes.includes(' /api/');
    for (const server of [isApi ? servers.links : servers.redirect, servers.gateway]) {
      const answers = await sendRaw(server.port, bytes);
      const answer = answers.at(-1);
      expect(answer?.status).toBe(status);
      if (status < 400 || answer === undefined) continue;
      expect(answer.headers.get('content-type')).toBe('application/problem+json');
      expect(answer.headers.get('x-content-type-options')).toBe('nosniff');
      expect(answer.body).toContain(`"status":${status}`);
    }
  });
});

test('no bytes get a 5xx answer or end the process', { timeout: 60_000 }, async () => {
  const piece = fc.constantFrom(
    'GET ',
    'POST ',
    'TRACE ',
    'CONNECT ',
    '/',
    '/spring',
    '//',
    '*',
    '%',
    ' ',
    'HTTP/1.1',
    'HTTP/1.0',
    '\r\n',
    '\r\n\r\n',
    HOST,
    'Content-Length: 3\r\n',
    'Transfer-Encoding: chunked\r\n',
    'Expect: x\r\n',
    '3\r\nabc\r\n',
    '0\r\n\r\n',
    'Connection: upgrade\r\n',
    'Upgrade: h2c\r\n',
    ':',
    '\u0000',
    '\u00ff',
    'x'.repeat(9000),
  );
  const request = fc.array(piece, { maxLength: 12 }).map((pieces) => pieces.join(''));
  const whole = request.map((rest) => `GET /spring HTTP/1.1\r\n${rest}\r\n\r\n`);
  await fc.assert(
    fc.asyncProperty(fc.oneof(request, whole), async (bytes) => {
      const answers = await sendRaw(servers.gateway.port, bytes, 50);
      for (const { status } of answers) expect(status).toBeLessThan(500);
    }),
    { numRuns: 200 },
  );
  const [answer] = await sendRaw(servers.gateway.port, `GET /spring HTTP/1.1\r\n${HOST}\r\n`);
  expect(answer?.status).toBe(307);
});

test('a page loads nothing, runs nothing and stands in no frame, and its own style applies', async () => {
  const page = await fetch(`http://127.0.0.1:${servers.gateway.port}/`);
  const style = /<style>([^]*)<\/style>/.exec(await page.text())?.[1] ?? '';
  expect(style).toContain('font');
  const hash = createHash('sha256').update(style).digest('base64');
  expect(page.headers.get('content-security-policy')).toBe(
    `default-src 'none'; style-src 'sha256-${hash}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`,
  );
  expect(page.headers.get('x-content-type-options')).toBe('nosniff');
  expect(page.headers.get('referrer-policy')).toBe('no-referrer');
});

test('sends API answers with nosniff, and redirects without needless headers', async () => {
  const ask = (path: string) =>
    fetch(`http://127.0.0.1:${servers.gateway.port}${path}`, {
      headers: { Authorization: `Bearer ${TEST_API_KEY}` },
      redirect: 'manual',
    });
  for (const path of ['/api/v1/links', '/api/v1/links/spring', '/api/v1/links/spring/stats']) {
    const answer = await ask(path);
    expect([answer.status, answer.headers.get('x-content-type-options')]).toEqual([200, 'nosniff']);
  }
  expect([...(await ask('/spring')).headers.keys()].toSorted()).toEqual([
    'cache-control',
    'connection',
    'content-length',
    'date',
    'keep-alive',
    'location',
  ]);
});

test('the first of two pipelined requests is answered first', async () => {
  const [first, second] = await sendRaw(
    servers.gateway.port,
    `GET /spring HTTP/1.1\r\n${HOST}\r\nGET /none HTTP/1.1\r\n${HOST}\r\n`,
  );
  expect([first?.status, second?.status]).toEqual([307, 404]);
});

test('a caller who leaves ends the request to the function, and nothing is logged', async () => {
  const asked = Promise.withResolvers<void>();
  const left = Promise.withResolvers<void>();
  const app = createApp(services);
  app.all('*', async (c) => {
    asked.resolve();
    await new Promise((resolve) => {
      c.req.raw.signal.addEventListener('abort', resolve);
    });
    left.resolve();
    return c.text('late');
  });
  const server = await serve(app, { host: '127.0.0.1', port: 0 });
  const origin = proxyTo(new URL(`http://127.0.0.1:${server.port}`));
  const errors: string[] = [];
  const log = { info: () => undefined, error: (_: unknown, message: string) => errors.push(message) };
  const gateway = await serve(createGatewayApp({ log, ...originOfEach(() => origin) }), {
    host: '127.0.0.1',
    port: 0,
  });
  const leaving = sendRaw(gateway.port, `GET /spring HTTP/1.1\r\n${HOST}\r\n`, 200);
  await asked.promise;
  expect(await leaving).toEqual([]);
  await left.promise;
  expect(errors).toEqual([]);
  await gateway.close(0);
  await server.close(0);
});
