import { type Server, createServer, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { getRequestListener } from '@hono/node-server';
import type { Hono } from 'hono';
import { holdResponses } from './hold-responses.ts';

const CLOSE_IDLE_EVERY_MS = 50;

export interface ServeOptions {
  readonly host: string;
  /** 0 takes any free port. */
  readonly port: number;
  /** How a person calls this port when it is in use. */
  readonly portSetting?: string;
  /**
   * What must be done before a response may leave. With it the responses of a turn of the event loop leave together, after
   * it was done once for all of them.
   */
  readonly beforeResponses?: () => void;
}

export interface RunningServer {
  readonly port: number;
  /** Accepts nothing new, lets requests in flight finish, and cuts those that have not by the deadline. */
  close(deadlineMs: number): Promise<void>;
}

/**
 * Serves an app over HTTP.
 * @throws Error when the address cannot be listened on.
 */
export async function serve(app: Pick<Hono, 'fetch'>, options: ServeOptions): Promise<RunningServer> {
  const { host, port, portSetting = 'PORT', beforeResponses } = options;
  const listener = getRequestListener(app.fetch);
  let closing = false;
  const server = createServer(
    {
      // Longer than the idle time of the proxies in front, so that they, not we, end an idle connection.
      keepAliveTimeout: 75_000,
      headersTimeout: 10_000,
      requestTimeout: 30_000,
      maxHeaderSize: 16 * 1024,
      // A request without a body is made without the stream to read it from.
      optimizeEmptyRequests: true,
      ServerResponse: beforeResponses ? holdResponses(beforeResponses) : ServerResponse,
    },
    (incoming, outgoing) => {
      if (closing) outgoing.setHeader('Connection', 'close');
      void listener(incoming, outgoing);
    },
  );
  try {
    await listen(server, host, port);
  } catch (error) {
    if (!isInUse(error)) throw error;
    throw new Error(`${portSetting} ${port} is in use`, { cause: error });
  }
  return {
    port: (server.address() as AddressInfo).port,
    close: (deadlineMs) => {
      closing = true;
      return close(server, deadlineMs);
    },
  };
}

function isInUse(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'EADDRINUSE';
}

function listen(server: Server, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => {
      server.off('error', reject);
      resolve();
    });
  });
}

function close(server: Server, deadlineMs: number): Promise<void> {
  return new Promise((resolve) => {
    // A connection whose last response began before the closing is kept alive, and would be waited for.
    const idle = setInterval(() => server.closeIdleConnections(), CLOSE_IDLE_EVERY_MS);
    const deadline = setTimeout(() => server.closeAllConnections(), deadlineMs);
    server.close(() => {
      clearInterval(idle);
      clearTimeout(deadline);
      resolve();
    });
  });
}
