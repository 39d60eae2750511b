import { randomUUID } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { getRequestListener, RequestError } from '@hono/node-server';
import { DomainError } from '@terse/core/errors';
import { corkResponses } from './cork-responses.ts';
import { type ListenAddress, listeningFault } from './listening-fault.ts';
import { problemBody, problemStatus } from './problem.ts';
import { MAX_HEADER_BYTES, refuseOn, refuseUnreadable, refuseWith } from './refused-request.ts';
import { hostFault, withoutEmptySegments } from './request-target.ts';
import type { ServedApp } from './served-app.ts';
import { type Answer, createWaitingRequests } from './waiting-requests.ts';

const CLOSE_IDLE_EVERY_MS = 50;
const EXPECTATION = new DomainError('expectation_failed', 'Only 100-continue can be expected.');
const TUNNEL = new DomainError('method_not_allowed', 'There are no tunnels here.');

/** A server that listens at an address. Until `serve`, requests wait. */
export interface Listener {
  readonly port: number;
  /** The address as a URL. */
  readonly origin: string;
  /** Answers requests with the app, the waiting ones first. */
  serve(app: ServedApp): void;
  /** Accepts no new request, lets those in flight finish, and cuts those that have not by the deadline. */
  close(deadlineMs: number): Promise<void>;
}

/**
 * Listens, and serves an app later: a wrong address shows before a backing service is opened, and requests wait.
 * @throws Error in one line that names the setting when it cannot listen at the address.
 */
export async function listen(address: ListenAddress): Promise<Listener> {
  const waiting = createWaitingRequests();
  let answer: Answer = waiting.add;
  let beforeResponses: ServedApp['beforeResponses'];
  let closing = false;
  const server = createServer(
    {
      // Longer than the idle time of the proxies in front, so that they end an idle connection, not this server.
      keepAliveTimeout: 75_000,
      headersTimeout: 10_000,
      requestTimeout: 30_000,
      maxHeaderSize: MAX_HEADER_BYTES,
      // A request without a body gets no stream.
      optimizeEmptyRequests: true,
      // `hostFault` answers with a problem instead.
      requireHostHeader: false,
      ServerResponse: corkResponses(() => beforeResponses),
    },
    (incoming, outgoing) => answer(incoming, outgoing),
  );
  server.on('clientError', refuseUnreadable);
  server.on('checkExpectation', (_incoming, outgoing) => refuseWith(outgoing, EXPECTATION));
  server.on('connect', (_incoming, socket) => refuseOn(socket, TUNNEL, { Allow: '' }));
  await bind(server, address);
  const { port } = server.address() as AddressInfo;
  return {
    port,
    origin: `http://${address.host.includes(':') ? `[${address.host}]` : address.host}:${port}`,
    serve: (app) => {
      beforeResponses = app.beforeResponses;
      const fetch = getRequestListener(app.fetch, {
        // For requests of HTTP/1.0, which may lack a Host.
        hostname: 'localhost',
        errorHandler: answerFault,
      });
      answer = (incoming, outgoing) => {
        const fault = hostFault(incoming);
        if (fault) {
          refuseWith(outgoing, fault);
          return;
        }
        incoming.url = withoutEmptySegments(incoming.url ?? '/');
        if (closing) outgoing.setHeader('Connection', 'close');
        void fetch(incoming, outgoing);
      };
      waiting.answerAll(answer);
    },
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
      ? new DomainError('malformed_request', 'The address of the request cannot be read.')
      : new DomainError('internal_error', 'The request could not be handled.');
  return new Response(problemBody(fault, randomUUID()), {
    status: problemStatus(fault),
    headers: { 'Content-Type': 'application/problem+json', 'Cache-Control': 'no-store' },
  });
}

function bind(server: Server, address: ListenAddress): Promise<void> {
  return new Promise((resolve, reject) => {
    const fail = (error: NodeJS.ErrnoException) => reject(new Error(listeningFault(address, error)));
    server.once('error', fail);
    server.listen(address.port, address.host, () => {
      server.off('error', fail);
      resolve();
    });
  });
}

function close(server: Server, deadlineMs: number): Promise<void> {
  return new Promise((resolve) => {
    // A connection whose last response began before the closing stays open, and would hold up the close.
    const idle = setInterval(() => server.closeIdleConnections(), CLOSE_IDLE_EVERY_MS);
    const deadline = setTimeout(() => server.closeAllConnections(), deadlineMs);
    server.close(() => {
      clearInterval(idle);
      clearTimeout(deadline);
      resolve();
    });
  });
}
