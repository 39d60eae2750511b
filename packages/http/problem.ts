import type { Context } from 'hono';
import { accepts } from 'hono/accepts';
import type { ContentfulStatusCode } from 'hono/utils/http-status';
import { type DomainError, type ErrorCode } from '@terse/core/errors';
import { page } from './page.ts';
import { requestId } from './request-id.ts';

interface ProblemKind {
  readonly status: ContentfulStatusCode;
  readonly title: string;
}

const KINDS = {
  malformed_request: { status: 400, title: 'The request is malformed' },
  uri_too_long: { status: 414, title: 'The address is too long' },
  headers_too_large: { status: 431, title: 'The headers are too large' },
  request_timeout: { status: 408, title: 'The request took too long to arrive' },
  expectation_failed: { status: 417, title: 'The expectation cannot be met' },
  invalid_request: { status: 422, title: 'The request is not valid' },
  malformed_json: { status: 400, title: 'The body is not JSON' },
  unsupported_media_type: { status: 415, title: 'The body must be JSON' },
  body_too_large: { status: 413, title: 'The body is too large' },
  unauthorized: { status: 401, title: 'A valid API key is needed' },
  route_not_found: { status: 404, title: 'There is nothing at this address' },
  method_not_allowed: { status: 405, title: 'This method is not allowed here' },
  link_not_found: { status: 404, title: 'There is no such link' },
  link_deleted: { status: 410, title: 'This link was deleted' },
  link_expired: { status: 410, title: 'This link has expired' },
  target_not_allowed: { status: 403, title: 'This link leads to an address that is not allowed' },
  short_code_taken: { status: 409, title: 'The short code is taken' },
  unavailable: { status: 503, title: 'The service cannot answer right now' },
  overloaded: { status: 503, title: 'There is too much to do right now' },
  internal_error: { status: 500, title: 'Something went wrong on our side' },
} as const satisfies Record<ErrorCode, ProblemKind>;

/** The codes of all problems. */
export const PROBLEM_CODES = Object.keys(KINDS) as readonly ErrorCode[];

export const RETRY_AFTER_SECONDS = '2';

/** The URI of a kind of problem: its last part is a heading in `docs/problems.md`. */
export function problemType(code: ErrorCode): string {
  return `urn:terse:problem:${code}`;
}

/**
 * The error as a response: a small page for browsers of short links, problem details (RFC 9457) for everything else.
 * It shows only the message of the error.
 */
export function problem(
  c: Context,
  error: DomainError,
  more: Readonly<Record<string, string>> = {},
): Response | Promise<Response> {
  const { status, title } = KINDS[error.code];
  const id = requestId(c);
  const headers: Record<string, string> = {
    'Cache-Control': 'no-store',
    'X-Request-Id': id,
    Vary: 'Accept',
    ...more,
  };
  if (status === 401) headers['WWW-Authenticate'] = 'Bearer';
  if (status === 503) headers['Retry-After'] = RETRY_AFTER_SECONDS;

  if (prefersHtml(c)) {
    return page(c, title, error.message, { status, headers });
  }
  headers['Content-Type'] = 'application/problem+json';
  // Not `c.body`, which copies the headers into a `Headers`: scanners cause many of these answers.
  return new Response(problemBody(error, id), { status, headers });
}

export function problemStatus(error: DomainError): number {
  return KINDS[error.code].status;
}

/** The error as problem details (RFC 9457), in JSON. */
export function problemBody(error: DomainError, id: string): string {
  const { status, title } = KINDS[error.code];
  return JSON.stringify({
    type: problemType(error.code),
    title,
    status,
    detail: error.message,
    request_id: id,
    ...(error.fields.length > 0 && { errors: error.fields }),
  });
}

/** The API answers in JSON, also to a browser. */
const API = /^\/api(?:\/|$)/;

function prefersHtml(c: Context): boolean {
  if (API.test(c.req.path)) return false;
  const json = 'application/problem+json';
  return accepts(c, { header: 'Accept', supports: ['text/html', json], default: json }) === 'text/html';
}
