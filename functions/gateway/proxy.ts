import { Agent, type ClientRequest, type IncomingMessage, request, type ServerResponse } from 'node:http';
import { Agent as TlsAgent, request as tlsRequest } from 'node:https';
import type { LookupFunction } from 'node:net';
import { pipeline } from 'node:stream';
import type { HttpBindings } from '@hono/node-server';
import { RESPONSE_ALREADY_SENT } from '@hono/node-server/utils/response';
import { DomainError } from '@terse/core/errors';
import type { Origin } from './app.ts';
import { endToEnd, pairsOf, valueOf } from './hop-by-hop.ts';
import { lookUpOnce } from './lookup.ts';

/** Covers name resolution and connecting; an unknown name may take seconds to fail. */
const CONNECT_TIMEOUT_MS = 1000;
/** From the end of the request to the beginning of the answer. */
const ANSWER_TIMEOUT_MS = 15_000;

/** Headers that the gateway sets itself, and `Expect`, which its own server has answered. */
const REPLACED = new Set(['expect', 'host', 'x-forwarded-for', 'x-forwarded-host']);

/**
 * Forwards requests to a function, with the visitor's address appended to `X-Forwarded-For`, and sends its answers
 * back.
 * @throws DomainError `unavailable` when the function does not answer.
 */
export function proxyTo(origin: URL, lookup: LookupFunction = lookUpOnce()): Origin {
  const isTls = origin.protocol === 'https:';
  const open = isTls ? tlsRequest : request;
  const agent = new (isTls ? TlsAgent : Agent)({ keepAlive: true, lookup });

  return {
    fetch: async (_request, env) => {
      const { incoming, outgoing } = env as { incoming: IncomingMessage; outgoing: ServerResponse };
      const asking = open({
        agent,
        host: origin.hostname.replace(/^\[|\]$/g, ''),
        port: origin.port || (isTls ? 443 : 80),
        method: incoming.method,
        // Forwarded as it came: both sides parse it by the same rules.
        path: incoming.url,
        headers: headersTo(origin, incoming),
      });
      outgoing.once('close', () => asking.destroy());
      try {
        send(incoming, asking);
        const answer = await answerTo(asking);
        const { statusCode = 502, statusMessage } = answer;
        const headers = endToEnd(answer.rawHeaders);
        // For HEAD, Hono builds a new response and sends that one.
        if (incoming.method === 'HEAD') return withoutBody(answer, statusCode, headers);
        outgoing.writeHead(statusCode, statusMessage, headers);
        pipeline(answer, outgoing, () => undefined);
      } catch (error) {
        // The caller has gone.
        if (outgoing.destroyed) return RESPONSE_ALREADY_SENT;
        throw new DomainError('unavailable', 'The function behind this address does not answer.', [], {
          cause: error,
        });
      }
      return RESPONSE_ALREADY_SENT;
    },
  };
}

function withoutBody(answer: IncomingMessage, status: number, headers: readonly string[]): Response {
  answer.resume();
  return new Response(null, { status, headers: pairsOf(headers) });
}

function headersTo(origin: URL, { rawHeaders, headers, socket }: HttpBindings['incoming']): string[] {
  const to = endToEnd(rawHeaders, REPLACED);
  const forwarded = [valueOf(rawHeaders, 'x-forwarded-for'), socket.remoteAddress];
  to.push('Host', origin.host, 'X-Forwarded-For', forwarded.filter(Boolean).join(', '));
  if (headers.host !== undefined) to.push('X-Forwarded-Host', headers.host);
  // The framing is per connection, but the function must learn that there is a body.
  if (headers['transfer-encoding'] !== undefined) to.push('Transfer-Encoding', 'chunked');
  return to;
}

function send(incoming: IncomingMessage, asking: ClientRequest): void {
  const hasBody =
    incoming.headers['content-length'] !== undefined || incoming.headers['transfer-encoding'] !== undefined;
  if (!hasBody) {
    asking.end();
    return;
  }
  // At once: the function may refuse by the headers alone, and must not close the connection as idle.
  asking.flushHeaders();
  incoming.pipe(asking);
}

function answerTo(asking: ClientRequest): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    let timer: NodeJS.Timeout | undefined;
    const endAfter = (milliseconds: number, what: string) => {
      clearTimeout(timer);
      timer = setTimeout(() => asking.destroy(new Error(`${what} took too long`)), milliseconds);
    };
    asking.once('socket', (socket) => {
      if (!socket.connecting) return;
      endAfter(CONNECT_TIMEOUT_MS, 'connecting');
      socket.once('connect', () => clearTimeout(timer));
    });
    asking.once('finish', () => endAfter(ANSWER_TIMEOUT_MS, 'the answer'));
    asking.once('close', () => clearTimeout(timer));
    asking.once('response', (answer) => {
      clearTimeout(timer);
      resolve(answer);
    });
    // An error after the answer has begun breaks the answer off.
    asking.on('error', reject);
  });
}
