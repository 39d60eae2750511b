import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';

interface Connection {
  readonly client: Socket;
  readonly upstream: Socket;
  isSilent: boolean;
  answerBytesLeft: number;
}

/** Stands between functions and a server, and injects faults of the network. */
export class FaultProxy {
  readonly port: number;
  readonly #server: Server;
  readonly #connections = new Set<Connection>();
  #delayMs = 0;
  #isSilent = false;
  #isWithholding = false;
  #answerBytes = Number.POSITIVE_INFINITY;

  /** @param port of the server behind it, on this machine. */
  constructor(server: Server, port: number) {
    this.#server = server;
    this.port = (server.address() as AddressInfo).port;
    server.on('connection', (client) => this.#join(client, connect(port, '127.0.0.1')));
  }

  /** Delays everything by so much, in both directions. */
  delay(ms: number): void {
    this.#delayMs = ms;
  }

  /** Withholds answers until `heal`; requests arrive. */
  withholdAnswers(): void {
    this.#isWithholding = true;
    for (const { upstream } of this.#connections) upstream.pause();
  }

  /** The other end vanishes silently: nothing arrives any more on connections that exist or are made before `heal`. */
  goSilent(): void {
    this.#isSilent = true;
    for (const connection of this.#connections) connection.isSilent = true;
  }

  /** Breaks every connection. */
  reset(): void {
    for (const { client, upstream } of this.#connections) {
      client.resetAndDestroy();
      upstream.destroy();
    }
  }

  /** Breaks each connection after so many more bytes of answers, also in the middle of one. */
  truncateAnswersAfter(bytes: number): void {
    this.#answerBytes = bytes;
    for (const connection of this.#connections) connection.answerBytesLeft = bytes;
  }

  /** Ends all faults, for new connections and for those that never went silent. */
  heal(): void {
    this.#delayMs = 0;
    this.#isSilent = false;
    this.#isWithholding = false;
    this.#answerBytes = Number.POSITIVE_INFINITY;
    for (const connection of this.#connections) {
      connection.answerBytesLeft = this.#answerBytes;
      connection.upstream.resume();
    }
  }

  async close(): Promise<void> {
    for (const { client, upstream } of this.#connections) {
      client.destroy();
      upstream.destroy();
    }
    this.#server.close();
    await once(this.#server, 'close');
  }

  #join(client: Socket, upstream: Socket): void {
    const connection = { client, upstream, isSilent: this.#isSilent, answerBytesLeft: this.#answerBytes };
    this.#connections.add(connection);
    client.on('data', (data) => {
      if (!connection.isSilent) this.#later(() => upstream.write(data));
    });
    upstream.on('data', (data) => {
      if (!connection.isSilent) this.#later(() => answer(connection, data));
    });
    if (this.#isWithholding) upstream.pause();
    for (const [socket, other] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      socket.setNoDelay(true);
      // An error or a close at one end closes the other.
      socket.on('error', () => other.destroy());
      socket.on('close', () => {
        this.#connections.delete(connection);
        this.#later(() => other.destroy());
      });
    }
  }

  #later(act: () => void): void {
    if (this.#delayMs > 0) setTimeout(act, this.#delayMs);
    else act();
  }
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

/** Opens a proxy in front of the server at a port of this machine. */
export async function openFaultProxy(port: number): Promise<FaultProxy> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  return new FaultProxy(server, port);
}
