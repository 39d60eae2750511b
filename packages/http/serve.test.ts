import { connect } from 'node:net';
import { Hono } from 'hono';
import { describe, expect, test, vi } from 'vitest';
import { serve } from './serve.ts';

const host = '127.0.0.1';

test('finishes requests under way before it closes, and takes no new ones', async () => {
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

test('cuts requests that have not ended at the deadline', async () => {
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

describe('with work to do before responses', () => {
  async function serveCorked(beforeResponses: () => void) {
    const app = new Hono().get('/:name', (c) => c.text(c.req.param('name')));
    return serve({ fetch: app.fetch, beforeResponses }, { host, port: 0 });
  }

  /** Sends requests in one packet, and returns the answers up to the end of the connection. */
  async function converse(port: number, paths: readonly string[], onData: () => void): Promise<string> {
    const socket = connect(port, host);
    const requests = paths.map((path, index) => {
      const last = index === paths.length - 1 ? 'Connection: close\r\n' : '';
      return `GET ${path} HTTP/1.1\r\nHost: x\r\n${last}\r\n`;
    });
    socket.write(requests.join(''));
    let received = '';
    for await (const chunk of socket) {
      onData();
      received += String(chunk);
    }
    return received;
  }

  test('sends nothing before it is done, and does it once for all responses of a turn', async () => {
    const done = vi.fn();
    const doneWhenReceived: number[] = [];
    const server = await serveCorked(done);
    const received = await converse(server.port, ['/a', '/b', '/c'], () =>
      doneWhenReceived.push(done.mock.calls.length),
    );
    expect(received.match(/\r\n\r\n[abc]/g)).toEqual(['\r\n\r\na', '\r\n\r\nb', '\r\n\r\nc']);
    expect(doneWhenReceived[0]).toBeGreaterThan(0);
    expect(done.mock.calls.length).toBeLessThan(3);
    await server.close(100);
  });

  test('answers any number of requests in a turn', async () => {
    const server = await serveCorked(() => {});
    const bodies = await Promise.all(
      Array.from({ length: 200 }, async (_, index) =>
        (await fetch(`http://${host}:${server.port}/${index}`)).text(),
      ),
    );
    expect(bodies).toEqual(Array.from({ length: 200 }, (_, index) => String(index)));
    await server.close(100);
  });

  test('goes on when a visitor leaves before the answer', async () => {
    const server = await serveCorked(() => {});
    const socket = connect(server.port, host);
    await new Promise((resolve) => {
      socket.write('GET /a HTTP/1.1\r\nHost: x\r\n\r\n', resolve);
    });
    socket.resetAndDestroy();
    expect(await (await fetch(`http://${host}:${server.port}/b`)).text()).toBe('b');
    await server.close(100);
  });
});
