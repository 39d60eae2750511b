import { connect } from 'node:net';
import { Hono } from 'hono';
import { expect, test, vi } from 'vitest';
import { sendRaw } from '../../harness/clients/raw-request.ts';
import { createApp } from './create-app.ts';
import { refusalOf } from './refused-request.ts';
import { serve } from './serve.ts';

const VISIT = 'GET /code HTTP/1.1\r\nHost: x\r\n';
const listen = { host: '127.0.0.1', port: 0 };
const faultOf = (code: string, packet = '') =>
  refusalOf(Object.assign(new Error('unreadable'), { code, rawPacket: Buffer.from(packet) })).code;

test.each([
  ['ERR_HTTP_REQUEST_TIMEOUT', 'request_timeout'],
  ['HPE_CHUNK_EXTENSIONS_OVERFLOW', 'body_too_large'],
  ['HPE_HEADER_OVERFLOW', 'headers_too_large'],
  ['HPE_INVALID_METHOD', 'malformed_request'],
  ['ECONNRESET', 'malformed_request'],
])('the error %s of Node becomes %s', (code, fault) => {
  expect(faultOf(code, 'a: b\r\n')).toBe(fault);
});

test('the address is too long when it fills the first packet', () => {
  expect(faultOf('HPE_HEADER_OVERFLOW', `GET /${'a'.repeat(20_000)}`)).toBe('uri_too_long');
  expect(faultOf('HPE_HEADER_OVERFLOW', `GET / HTTP/1.1\r\nX: ${'a'.repeat(20_000)}`)).toBe(
    'headers_too_large',
  );
});

test('an answer under way leaves before the answer to the unreadable request behind it', async () => {
  const gate = Promise.withResolvers<void>();
  const asked = Promise.withResolvers<void>();
  const app = new Hono().get('/slow', async (c) => {
    asked.resolve();
    await gate.promise;
    return c.text('done');
  });
  const server = await serve(app, listen);
  const answers = sendRaw(server.port, 'GET /slow HTTP/1.1\r\nHost: x\r\n\r\nrubbish\r\n\r\n');
  await asked.promise;
  gate.resolve();
  expect((await answers).map(({ status }) => status)).toEqual([200, 400]);
  await server.close(100);
});

test.each([
  ['rubbish behind it', '\r\nrubbish\r\n\r\n', [307, 400]],
  ['another visit and rubbish behind it', `\r\n${VISIT}\r\nrubbish\r\n\r\n`, [307, 307, 400]],
  ['an unknown coding', 'Transfer-Encoding: gzip\r\n\r\n', [307]],
  ['a malformed chunk', 'Transfer-Encoding: chunked\r\n\r\nZZZ\r\n\r\n', [307]],
])('a visit with %s is answered whenever it is counted', async (_what, rest, expected) => {
  let counted = 0;
  const app = new Hono().get('/code', () => {
    counted++;
    return new Response(null, { status: 307, headers: { Location: 'https://example.com/' } });
  });
  const server = await serve({ fetch: app.fetch, beforeResponses: () => undefined }, listen);
  const answers = await sendRaw(server.port, `${VISIT}${rest}`);
  expect(answers.map(({ status }) => status)).toEqual(expected);
  expect(counted).toBe(expected.filter((status) => status === 307).length);
  await server.close(100);
});

test('a body that breaks off is not logged as an unexpected error', async () => {
  const log = { error: vi.fn(), info: vi.fn() };
  const read = Promise.withResolvers<void>();
  const app = createApp({ log });
  app.post('/', async (c) => {
    try {
      return c.text(await c.req.text());
    } finally {
      read.resolve();
    }
  });
  const server = await serve(app, listen);
  const socket = connect(server.port, '127.0.0.1');
  await new Promise((resolve) => {
    socket.write('POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nhalf', resolve);
  });
  socket.end();
  await read.promise;
  await server.close(100);
  expect(log.error).not.toHaveBeenCalled();
});
