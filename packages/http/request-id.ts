import { randomUUID } from 'node:crypto';
import type { Context } from 'hono';
import { requestHeader } from './request-header.ts';

const ACCEPTABLE = /^[\w.=+/-]{1,128}$/;
const assigned = new WeakMap<Request, string>();

// Not Hono's, which makes an id for each request and copies the headers of each response: 12 µs, a quarter of the time.
/**
 * The id by which a request is found in the logs: the caller's `X-Request-Id` if it is short and plain, else a new one.
 */
export function requestId(c: Context): string {
  const request = c.req.raw;
  const known = assigned.get(request);
  if (known !== undefined) return known;
  const given = requestHeader(c, 'x-request-id');
  const id = given !== undefined && ACCEPTABLE.test(given) ? given : randomUUID();
  assigned.set(request, id);
  return id;
}
