import { connect } from 'node:net';
import { Hono } from 'hono';
import { expect, test } from 'vitest';
import { serve } from './serve.ts';

const host = '127.0.0.1';

test('finishes what is under way before it closes, and takes nothing new', async () => {
  const started = Promise.withResolvers<void>();
  const gate = Promise.withResolvers<void>();
  const app = new Hono().get('/', async (c) => {
    started.resolve();
    await gate.promise;
    return c.text('done');
  });
  const server = await serve(app, { host, port: 0 });
  const url = `http://${host}:${server.port}/`;
  const underWay = fetch(url);
  await started.promise;
  const closed = server.close(5000);
  await expect(fetch(url)).rejects.toThrow('fetch failed');
  gate.resolve();
  expect(await (await underWay).text()).toBe('done');
  await closed;
});

test('cuts at the deadline what does not end', async () => {
  const app = new Hono().get('/', () => new Promise<Response>(() => {}));
  const server = await serve(app, { host, port: 0 });
  const socket = connect(server.port, host);
  socket.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n');
  const ended = new Promise((resolve) => {
    socket.on('close', resolve);
    socket.on('error', () => {});
  });
  await new Promise((resolve) => {
    socket.once('connect', resolve);
  });
  await server.close(50);
  await expect(ended).resolves.toBeDefined();
});

test('says when it cannot listen', async () => {
  const server = await serve(new Hono(), { host, port: 0 });
  await expect(serve(new Hono(), { host, port: server.port })).rejects.toThrow('EADDRINUSE');
  await server.close(100);
});
