import { once } from 'node:events';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import fc from 'fast-check';
import { afterEach, expect, test, vi } from 'vitest';
import { openRabbitmq } from './rabbitmq.ts';

const PROTOCOL_HEADER = Buffer.from('AMQP\0\0\x09\x01', 'latin1');
const HTTP_REFUSAL =
  'HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain\r\nConnection: close\r\n\r\n400 Bad Request';

let server: Server | undefined;
const open = new Set<Socket>();
afterEach(() => {
  for (const socket of open) socket.destroy();
  server?.close();
});

/** Starts a peer that greets each connection this way. */
async function listen(greet: (socket: Socket) => void): Promise<string> {
  server = createServer((socket) => {
    open.add(socket);
    socket.on('close', () => open.delete(socket));
    socket.on('error', () => {});
    greet(socket);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return `amqp://someone:s3cret@127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** Connects to a peer, and returns the error that the client reports. */
async function meet(greet: (socket: Socket) => void): Promise<string> {
  const onError = vi.fn<(error: unknown) => void>();
  const url = await listen(greet);
  const queue = openRabbitmq({ url, name: 'x', confirmTimeoutMs: 100, onError });
  await vi.waitFor(() => expect(onError).toHaveBeenCalled(), { timeout: 1000, interval: 1 });
  await expect(queue.probe()).rejects.toThrow('no connection');
  await queue.close();
  return String(onError.mock.calls[0]?.[0]);
}

test.each<[string, string | Buffer]>([
  ['HTTP', HTTP_REFUSAL],
  ['Redis', '-ERR unknown command\r\n'.repeat(3)],
  ['PostgreSQL', Buffer.from('E\0\0\0\x20SFATAL\0C0A000\0Munsupported\0\0', 'latin1')],
  ['TLS', Buffer.from('\x15\x03\x03\0\x02\x02\x46', 'latin1')],
  ['SMTP', '220 mail.example ESMTP ready\r\n502 what?\r\n'],
  ['another AMQP', Buffer.from('AMQP\x03\x01\0\0', 'latin1')],
  ['half an AMQP header', 'AMQP'],
  ['the largest frame there is', Buffer.from([1, 0, 0, 0xff, 0xff, 0xff, 0xff, 0])],
  ['the largest frame that could be read', Buffer.from([1, 0, 0, 0x3f, 0xff, 0xff, 0xff, 0])],
  ['half a frame', Buffer.from([1, 0, 0, 0, 0, 1])],
  ['nothing', ''],
])('reports an error of a peer that speaks %s and closes', async (_name, answer) => {
  expect(await meet((socket) => void socket.end(answer))).toContain('Error');
});

test.each<[string, string | Buffer]>([
  ['HTTP', HTTP_REFUSAL],
  ['a frame that is larger than was agreed', Buffer.from([1, 0, 0, 0x10, 0, 0, 0, 0])],
])(
  'leaves a peer that speaks %s and waits, without waiting for the frame that it announces',
  async (_name, answer) => {
    const told = await meet((socket) => void socket.write(answer));
    expect(told).toContain('frame');
  },
);

test('survives any bytes of a peer, in any pieces', { timeout: 60_000 }, async () => {
  const frame = fc
    .tuple(fc.constantFrom(1, 2, 3, 8), fc.uint8Array({ maxLength: 40 }))
    .map(([type, payload]) =>
      Buffer.concat([Buffer.from([type, 0, 0, 0, 0, 0, payload.length]), payload, Buffer.of(206)]),
    );
  const piece = fc.oneof(frame, fc.uint8Array({ minLength: 1, maxLength: 30 }));
  const bytes = fc.array(piece, { minLength: 1, maxLength: 4 });
  await fc.assert(
    fc.asyncProperty(bytes, async (pieces) => {
      const told = await meet((socket) => {
        for (const some of pieces) socket.write(some);
        setImmediate(() => socket.end(PROTOCOL_HEADER));
      });
      expect(told).toContain('Error');
      server?.close();
    }),
    { numRuns: 40 },
  );
});
