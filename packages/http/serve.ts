import { randomUUID } from 'node:crypto';
import { type Server, createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { getRequestListener, RequestError } from '@hono/node-server';
import type { Hono } from 'hono';
import { DomainError } from '@terse/core/errors';
import { holdResponses } from './hold-responses.ts';
import { problemBody, problemStatus } from './problem.ts';
import { MAX_HEADER_BYTES, refuseOn, refuseUnreadable, refuseWith } from './refused-request.ts';
import { hostFault, withoutEmptySegments } from './request-target.ts';
import { SafeResponse } from './safe-response.ts';

const CLOSE_IDLE_EVERY_MS = 50;
const EXPECTATION = new DomainError('expectation_failed', 'Only 100-continue can be expected.');
const TUNNEL = new DomainError('method_not_allowed', 'There are no tunnels here.');

export interface ServeOptions {
  readonly host: string;
  /** 0 takes any free port. */
  readonly port: number;
  /** The name of the setting that chose the port, for the error when it is in use. */
  readonly portSetting?: string;
  /**
   * What must be done before a response may leave. With it the responses of a turn of the event loop leave together,
   * after it was done once for all of them.
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
  const listener = getRequestListener(app.fetch, {
    // For requests of HTTP/1.0, which may lack a Host.
    hostname: 'localhost',
    errorHandler: answerFault,
  });
  let closing = false;
  const server = createServer(
    {
      // Longer than the idle time of the proxies in front, so that they, not we, end an idle connection.
      keepAliveTimeout: 75_000,
      headersTimeout: 10_000,
      requestTimeout: 30_000,
      maxHeaderSize: MAX_HEADER_BYTES,
      // A request without a body is made without the stream to read it from.
      optimizeEmptyRequests: true,
      // `hostFault` answers with a problem instead.
      requireHostHeader: false,
      ServerResponse: beforeResponses ? holdResponses(beforeResponses) : SafeResponse,
    },
    (incoming, outgoing) => {
      const fault = hostFault(incoming);
      if (fault) {
        refuseWith(outgoing, fault);
        return;
      }
      incoming.url = withoutEmptySegments(incoming.url ?? '/');
      if (closing) outgoing.setHeader('Connection', 'close');
      void listener(incoming, outgoing);
    },
  );
  server.on('clientError', refuseUnreadable);
  server.on('checkExpectation', (_incoming, outgoing) => refuseWith(outgoing, EXPECTATION));
  server.on('connect', (_incoming, socket) => refuseOn(socket, TUNNEL, { Allow: '' }));
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

/** Answers when the app was not called because the address of the request is malformed. */
function answerFault(error: unknown): Response {
  const fault =
    error instanceof RequestError
      ? new DomainError('malformed_request', `${error.message}.`)
      : new DomainError('internal_error', 'The request could not be handled.');
  return new Response(problemBody(fault, randomUUID()), {
    status: problemStatus(fault),
    headers: { 'Content-Type': 'application/problem+json', 'Cache-Control': 'no-store' },
  });
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
