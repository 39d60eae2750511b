import type { Context } from 'hono';
import { requestHeader } from './request-header.ts';

const AHEAD = /\b(?:prefetch|prerender|preview)\b/i;

/** Whether a browser fetches before a click, by `Sec-Purpose` or one of its three predecessors. */
export function isPrefetch(c: Context): boolean {
  const purpose =
    requestHeader(c, 'sec-purpose') ??
    requestHeader(c, 'purpose') ??
    requestHeader(c, 'x-moz') ??
    requestHeader(c, 'x-purpose');
  return purpose !== undefined && AHEAD.test(purpose);
}
