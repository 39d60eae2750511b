import type { LookupAddress } from 'node:dns';
import { connect } from 'node:net';
import { Hono } from 'hono';
import type { Listener } from '@terse/http/listen';
import { serve } from '@terse/http/serve';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { sendRaw } from '../../harness/clients/raw-request.ts';
import { createGatewayApp, originOfEach } from './app.ts';
import { lookUpOnce } from './lookup.ts';
import { proxyTo } from './proxy.ts';

const listen = { host: '127.0.0.1', port: 0 };
const log = { error: vi.fn(), info: vi.fn() };
let server: Listener;
let gateway: Listener;
beforeAll(async () => {
  server = await serve(
    new Hono().all('*', (c) => c.text(new URL(c.req.url).pathname)),
    listen,
  );
  const origin = proxyTo(new URL(`http://127.0.0.1:${server.port}`));
  gateway = await serve(createGatewayApp({ log, ...originOfEach(() => origin) }), listen);
});
afterAll(async () => {
  await gateway.close(0);
  await server.close(0);
});

test.each([
  ['/code', '/code'],
  ['//other.example/path', '/other.example/path'],
  ['//other.example:1', '/other.example:1'],
  ['/%2F/other.example', '/%2F/other.example'],
  ['/a//b', '/a//b'],
  ['http://other.example/path', '/path'],
  ['HTTP://Other.example//path', '/path'],
])('sends a request for %s to the function, and to no other host', async (target, path) => {
  const [answer] = await sendRaw(gateway.port, `GET ${target} HTTP/1.1\r\nHost: go.example\r\n\r\n`);
  expect(answer?.body).toBe(path);
});

test('forwards a refusal by the headers alone before the body arrives', async () => {
  const [answer] = await sendRaw(
    gateway.port,
    'POST /code HTTP/1.1\r\nHost: x\r\nContent-Length: 40\r\n\r\n',
  );
  expect(answer?.body).toBe('/code');
});

test('answers the next request after a caller resets its connection', async () => {
  const socket = connect(gateway.port, '127.0.0.1');
  await new Promise((resolve) => {
    socket.write('GET /code HTTP/1.1\r\nHost: x\r\n\r\n', resolve);
  });
  socket.resetAndDestroy();
  const [answer] = await sendRaw(gateway.port, 'GET /next HTTP/1.1\r\nHost: x\r\n\r\n');
  expect(answer?.body).toBe('/next');
});

test('gives up soon on a function whose name lookup never ends', async () => {
  const origin = proxyTo(new URL('http://function'), () => undefined);
  const app = createGatewayApp({ log, ...originOfEach(() => origin) });
  const waiting = await serve(app, listen);
  const [answer] = await sendRaw(waiting.port, 'GET /code HTTP/1.1\r\nHost: x\r\n\r\n');
  expect([answer?.status, answer?.headers.get('retry-after')]).toEqual([503, '2']);
  await waiting.close(0);
});

test('concurrent callers share one lookup of a name', async () => {
  const look = vi.fn((_name: string, found: (error: null, addresses: LookupAddress[]) => void) => {
    setImmediate(found, null, [{ address: '192.0.2.1', family: 4 }]);
  });
  const lookup = lookUpOnce(look);
  const found = await Promise.all(
    Array.from(
      { length: 10 },
      () =>
        new Promise((resolve) => {
          lookup('function', { all: false }, (_error, address) => resolve(address));
        }),
    ),
  );
  expect(found).toEqual(Array.from({ length: 10 }, () => '192.0.2.1'));
  expect(look).toHaveBeenCalledOnce();
});

test('callers that share a lookup are spread over all addresses of the name', async () => {
  const addresses = ['192.0.2.1', '192.0.2.2', '192.0.2.3'].map((address) => ({ address, family: 4 }));
  const lookup = lookUpOnce((_name, found) => void setImmediate(found, null, addresses));
  const first = await Promise.all(
    Array.from(
      { length: 6 },
      () =>
        new Promise((resolve) => {
          lookup('function', { all: true }, (_error, found) => {
            const [{ address } = { address: '' }] = Array.isArray(found) ? found : [];
            resolve(address);
          });
        }),
    ),
  );
  const each = addresses.map(({ address }) => address);
  expect(first).toEqual([...each, ...each]);
});
