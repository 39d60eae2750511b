import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

/** Stands between functions and a server, and makes a bad network of the way. */
export interface FaultProxy {
  readonly port: number;
  /** Everything arrives so much later, in both directions. */
  delay(ms: number): void;
  /** Answers do not arrive until `heal`; what is sent does. */
  withholdAnswers(): void;
  /** The other end is gone without a word: nothing ever arrives any more on any connection made until `heal`. */
  goSilent(): void;
  /** Breaks every connection. */
  reset(): void;
  /** Breaks each connection after so many bytes of answers from now on, in the middle of whatever they are. */
  truncateAnswersAfter(bytes: number): void;
  /** New connections, and those that are not silent for good, are as they should be again. */
  heal(): void;
  close(): Promise<void>;
}

interface Connection {
  readonly client: Socket;
  readonly upstream: Socket;
  isSilent: boolean;
  answerBytesLeft: number;
}

/** @param port of the server behind it, on this machine. */
export async function openFaultProxy(port: number): Promise<FaultProxy> {
  const connections = new Set<Connection>();
  let delayMs = 0;
  let isSilent = false;
  let isWithholding = false;
  let answerBytes = Number.POSITIVE_INFINITY;

  const server = createServer((client) => {
    const upstream = connect(port, '127.0.0.1');
    const connection = { client, upstream, isSilent, answerBytesLeft: answerBytes };
    connections.add(connection);
    client.on('data', (data) => {
      if (!connection.isSilent) later(() => upstream.write(data));
    });
    upstream.on('data', (data) => {
      if (!connection.isSilent) later(() => answer(connection, data));
    });
    if (isWithholding) upstream.pause();
    for (const [socket, other] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      socket.setNoDelay(true);
      // Whatever happened to one end happens to the other.
      socket.on('error', () => other.destroy());
      socket.on('close', () => {
        connections.delete(connection);
        later(() => other.destroy());
      });
    }
  });

  function later(act: () => void): void {
    if (delayMs > 0) setTimeout(act, delayMs);
    else act();
  }

  function answer(connection: Connection, data: Buffer): void {
    const { client } = connection;
    if (data.length <= connection.answerBytesLeft) {
      connection.answerBytesLeft -= data.length;
      client.write(data);
    } else {
      client.end(data.subarray(0, connection.answerBytesLeft));
      connection.answerBytesLeft = 0;
    }
  }

  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    delay: (ms) => {
      delayMs = ms;
    },
    withholdAnswers: () => {
      isWithholding = true;
      for (const { upstream } of connections) upstream.pause();
    },
    goSilent: () => {
      isSilent = true;
      for (const connection of connections) connection.isSilent = true;
    },
    reset: () => {
      for (const { client, upstream } of connections) {
        client.resetAndDestroy();
        upstream.destroy();
      }
    },
    truncateAnswersAfter: (bytes) => {
      answerBytes = bytes;
      for (const connection of connections) connection.answerBytesLeft = bytes;
    },
    heal: () => {
      delayMs = 0;
      isSilent = false;
      isWithholding = false;
      answerBytes = Number.POSITIVE_INFINITY;
      for (const connection of connections) {
        connection.answerBytesLeft = answerBytes;
        connection.upstream.resume();
      }
    },
    close: async () => {
      for (const { client, upstream } of connections) {
        client.destroy();
        upstream.destroy();
      }
      server.close();
      await once(server, 'close');
    },
  };
}
