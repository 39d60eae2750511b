import { connect } from 'node:net';

const WITHIN_MS = 2000;

/** Sends an opening to a server on this machine. Resolves to its answer once that is `enough`, or to `undefined`. */
export function converse(
  port: number,
  opening: string | Uint8Array,
  enough: (received: Buffer) => boolean,
): Promise<Buffer | undefined> {
  return new Promise((resolve) => {
    let received = Buffer.alloc(0);
    const socket = connect({ port, host: '127.0.0.1', signal: AbortSignal.timeout(WITHIN_MS) });
    socket.on('connect', () => socket.write(opening));
    socket.on('data', (data) => {
      received = Buffer.concat([received, data]);
      if (!enough(received)) return;
      resolve(received);
      socket.destroy();
    });
    socket.on('error', () => resolve(undefined));
    socket.on('close', () => resolve(undefined));
  });
}
