import { type Server, createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { getRequestListener } from '@hono/node-server';
import type { Hono } from 'hono';

export interface ServeOptions {
  readonly host: string;
  /** 0 takes any free port. */
  readonly port: number;
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
export async function serve(app: Pick<Hono, 'fetch'>, { host, port }: ServeOptions): Promise<RunningServer> {
  const listener = getRequestListener(app.fetch);
  const server = createServer(
    {
      // Longer than the idle time of the proxies in front, so that they, not we, end an idle connection.
      keepAliveTimeout: 75_000,
      headersTimeout: 10_000,
      requestTimeout: 30_000,
      maxHeaderSize: 16 * 1024,
    },
    (incoming, outgoing) => void listener(incoming, outgoing),
  );
  await listen(server, host, port);
  return {
    port: (server.address() as AddressInfo).port,
    close: (deadlineMs) => close(server, deadlineMs),
  };
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
    const deadline = setTimeout(() => server.closeAllConnections(), deadlineMs);
    server.close(() => {
      clearTimeout(deadline);
      resolve();
    });
    server.closeIdleConnections();
  });
}
