import { randomUUID } from 'node:crypto';
import { STATUS_CODES, type ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { DomainError } from '@terse/core/errors';
import { problemBody, problemStatus, RETRY_AFTER_SECONDS } from './problem.ts';

/** The response under way on a connection. Node keeps it in this untyped field. */
interface Busy {
  readonly _httpMessage?: ServerResponse | null;
}

/** The limit on the request line and the headers together. */
export const MAX_HEADER_BYTES = 16 * 1024;

const PARSER_ERRORS: Readonly<Record<string, DomainError>> = {
  HPE_HEADER_OVERFLOW: new DomainError('headers_too_large', 'The headers must have at most 16 KB.'),
  HPE_CHUNK_EXTENSIONS_OVERFLOW: new DomainError('body_too_large', 'The chunk extensions are too long.'),
  ERR_HTTP_REQUEST_TIMEOUT: new DomainError('request_timeout', 'The request did not arrive in time.'),
};
const MALFORMED = new DomainError('malformed_request', 'This is not a request of HTTP/1.1.');
const URI_TOO_LONG = new DomainError('uri_too_long', 'The address must have at most 16 KB.');

/** The error of Node for bytes that are not a request. */
export interface UnreadableRequest extends Error {
  readonly code?: string;
  /** The bytes that arrived last. */
  readonly rawPacket?: Buffer;
}

/** Maps the error of Node to a problem. */
export function refusalOf({ code = '', rawPacket }: UnreadableRequest): DomainError {
  const isTooLong = code === 'HPE_HEADER_OVERFLOW';
  return isTooLong && beginsWithLongLine(rawPacket) ? URI_TOO_LONG : (PARSER_ERRORS[code] ?? MALFORMED);
}

/** Whether a packet begins with a request line that does not end in it. */
function beginsWithLongLine(packet: Buffer = Buffer.alloc(0)): boolean {
  const line = packet.subarray(0, MAX_HEADER_BYTES).toString('latin1');
  return /^[A-Z]+ [^ \n]*$/.test(line);
}

/**
 * Answers bytes that could not be read as a request, and ends the connection. Answers to earlier requests leave first.
 * A request that was answered before its body could not be read gets no second answer.
 */
export function refuseUnreadable(error: UnreadableRequest, socket: Duplex): void {
  const asked = answerOn(socket);
  const isAnswered = asked !== undefined && asked.headersSent && !asked.req.complete;
  // Responses that are corked until the end of this turn leave first.
  setImmediate(() => endAfterAnswers(socket, isAnswered ? undefined : refusalOf(error)));
}

function endAfterAnswers(socket: Duplex, refusal: DomainError | undefined): void {
  const underWay = answerOn(socket);
  if (!socket.writable) socket.destroy();
  else if (underWay && (underWay.headersSent || underWay.req.complete)) {
    const last = underWay.req.complete ? refusal : undefined;
    underWay.once('close', () => endAfterAnswers(socket, last));
  } else if (refusal) refuseOn(socket, refusal);
  else socket.end(() => socket.destroy());
}

function answerOn(socket: Duplex): ServerResponse | undefined {
  return (socket as Busy)._httpMessage ?? undefined;
}

/** Writes a problem to a connection without a parsed request, and ends it. */
export function refuseOn(
  socket: Duplex,
  error: DomainError,
  more: Readonly<Record<string, string>> = {},
): void {
  // The caller may be gone.
  socket.on('error', () => undefined);
  const { body, headers } = refusal(error);
  const lines = Object.entries({ ...headers, ...more }).map(([name, value]) => `${name}: ${value}\r\n`);
  const status = problemStatus(error);
  socket.end(`HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\n${lines.join('')}\r\n${body}`, () =>
    socket.destroy(),
  );
}

/** Answers a request that cannot be passed to an app. */
export function refuseWith(outgoing: ServerResponse, error: DomainError): void {
  const { body, headers } = refusal(error);
  outgoing.writeHead(problemStatus(error), headers);
  outgoing.end(body);
}

function refusal(error: DomainError) {
  const id = randomUUID();
  const body = problemBody(error, id);
  const isUnavailable = problemStatus(error) === 503;
  return {
    body,
    headers: {
      'Content-Type': 'application/problem+json',
      'Content-Length': String(Buffer.byteLength(body)),
      'Cache-Control': 'no-store',
      'X-Content-Type-Options': 'nosniff',
      'X-Request-Id': id,
      Connection: 'close',
      ...(isUnavailable && { 'Retry-After': RETRY_AFTER_SECONDS }),
    },
  };
}
