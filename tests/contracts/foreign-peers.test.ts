import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test, vi } from 'vitest';
import { type FunctionProcess, startFunction } from '../../harness/processes/function-process.ts';

const SECRET = 's3cret-of-a-service';
const HTML = '<!doctype html><title>Welcome</title><h1>It works!</h1>';
const http = (status: string) =>
  `HTTP/1.1 ${status}\r\nContent-Type: text/html\r\nContent-Length: ${HTML.length}\r\nConnection: close\r\n\r\n${HTML}`;

/** Peers of other protocols at the address of a backing service, which answer with these bytes. */
const PEERS: Readonly<Record<string, (socket: Socket) => void>> = {
  'an HTTP server': (socket) => socket.once('data', () => socket.end(http('400 Bad Request'))),
  'an HTTP server that says OK': (socket) => socket.once('data', () => socket.end(http('200 OK'))),
  'a Redis': (socket) => socket.on('data', () => socket.write("-ERR unknown command 'x'\r\n")),
  'a RabbitMQ': (socket) => socket.once('data', () => socket.end('AMQP\0\0\x09\x01')),
  'a TLS port': (socket) => socket.once('data', () => socket.end('\x15\x03\x01\0\x02\x02\x16', 'latin1')),
  'an SSH server': (socket) => socket.write('SSH-2.0-OpenSSH_10.0\r\n'),
  'a peer that closes at once': (socket) => socket.destroy(),
  'a peer that says nothing': () => {},
  'a peer that says half of something': (socket) => socket.write('AMQ'),
  'a peer that never ends': (socket) => {
    const more = () => void socket.write(Buffer.alloc(4096, 0xff), () => setImmediate(more));
    more();
  },
};

/** Listens as a peer until the end of the tests. @returns its port. */
async function listen(greet: (socket: Socket) => void): Promise<number> {
  const sockets = new Set<Socket>();
  const peer = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
    socket.on('close', () => sockets.delete(socket));
    greet(socket);
  });
  peer.listen(0, '127.0.0.1');
  await once(peer, 'listening');
  cleanUps.push(() => {
    for (const socket of sockets) socket.destroy();
    peer.close();
  });
  return (peer.address() as AddressInfo).port;
}

const cleanUps: (() => unknown)[] = [];
afterAll(async () => {
  for (const cleanUp of cleanUps.toReversed()) await cleanUp();
});

async function start(name: string, settings: Record<string, string>): Promise<FunctionProcess> {
  const directory = await mkdtemp(join(tmpdir(), 'terse-peers-'));
  cleanUps.push(() => rm(directory, { recursive: true }));
  const running = await startFunction(name, {
    LOG_LEVEL: 'info',
    BASE_URL: 'https://go.example',
    ADMIN_API_KEY: 'peers-test-key-0123456789',
    JOURNAL_DIR: join(directory, 'journal'),
    STOP_DELAY_MS: '0',
    ...settings,
  });
  cleanUps.push(() => running.end('SIGKILL'));
  return running;
}

async function services({ internalUrl }: FunctionProcess): Promise<object> {
  const response = await fetch(`${internalUrl}/.ready`);
  return { status: response.status, ...((await response.json()) as { services: object }).services };
}

/** Returns the backing services that lines of the log name. */
function servicesNamed(running: FunctionProcess): Set<string> {
  const lines = running.output().split('\n').filter(Boolean);
  return new Set(lines.flatMap((line) => (JSON.parse(line) as { service?: string }).service ?? []));
}

const REST_OR_TCP = ['redis://', 'http://'];

describe.concurrent.each(REST_OR_TCP)('with Redis at %s', { timeout: 120_000 }, (scheme) => {
  test.each(Object.entries(PEERS))(
    'a redirect with %s as its backing services keeps running, answers, and names them',
    async (_, greet) => {
      const port = await listen(greet);
      const address = `someone:${SECRET}@127.0.0.1:${port}`;
      const redis =
        scheme === 'redis://'
          ? { REDIS_URL: `redis://${address}` }
          : { UPSTASH_REDIS_REST_URL: `http://127.0.0.1:${port}`, UPSTASH_REDIS_REST_TOKEN: SECRET };
      const redirect = await start('redirect', {
        DATABASE_URL: `postgres://${address}/terse`,
        RABBITMQ_URL: `amqp://${address}`,
        ...redis,
      });
      const allDown = { status: 503, database: 'down', cache: 'down', queue: 'down' };
      await vi.waitFor(
        async () => {
          expect((await fetch(`${redirect.url}/hello`)).status).toBe(503);
          expect(await services(redirect)).toMatchObject(allDown);
          expect(servicesNamed(redirect)).toEqual(new Set(['postgres', 'redis', 'rabbitmq']));
        },
        { timeout: 30_000, interval: 500 },
      );
      expect((await fetch(`${redirect.internalUrl}/.live`)).status).toBe(200);
      expect(redirect.output().includes(SECRET)).toBe(false);
      expect(redirect.output().split('\n').length).toBeLessThan(150);
      expect(await redirect.end('SIGTERM')).toBe(0);
    },
  );
});

describe.concurrent.each([
  ['visit-writer', ['postgres', 'rabbitmq'], { database: 'down', queue: 'down', storage: 'up' }],
  ['counter-flush', ['postgres', 'rabbitmq', 'redis'], { database: 'down', counter: 'down', queue: 'down' }],
])('%s', { timeout: 120_000 }, (name, named, down) => {
  test.each(['an HTTP server', 'a RabbitMQ', 'a peer that closes at once', 'a peer that never ends'])(
    'keeps running with %s as its backing services, and says so',
    async (peer) => {
      const port = await listen(PEERS[peer] ?? (() => {}));
      const address = `someone:${SECRET}@127.0.0.1:${port}`;
      const running = await start(name, {
        DATABASE_URL: `postgres://${address}/terse`,
        RABBITMQ_URL: `amqp://${address}`,
        REDIS_URL: `redis://${address}`,
      });
      await vi.waitFor(
        async () => {
          expect(await services(running)).toMatchObject({ status: 503, ...down });
          expect(servicesNamed(running)).toEqual(new Set(named));
        },
        { timeout: 30_000, interval: 500 },
      );
      const metrics = await (await fetch(`${running.internalUrl}/.metrics`)).text();
      expect(metrics).not.toMatch(/^visit_queue_(ready|dead)_messages/m);
      expect(running.output().includes(SECRET)).toBe(false);
      expect(running.output().split('\n').length).toBeLessThan(150);
      expect(await running.end('SIGTERM')).toBe(0);
    },
  );
});
