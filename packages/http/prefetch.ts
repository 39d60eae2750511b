import type { Context } from 'hono';
import { requestHeader } from './request-header.ts';

const AHEAD = /\b(?:prefetch|prerender|preview)\b/i;

/** Whether a browser asks ahead, for a page that nobody has opened yet: `Sec-Purpose`, and its three predecessors. */
export function isPrefetch(c: Context): boolean {
  const purpose =
    requestHeader(c, 'sec-purpose') ??
    requestHeader(c, 'purpose') ??
    requestHeader(c, 'x-moz') ??
    requestHeader(c, 'x-purpose');
  return purpose !== undefined && AHEAD.test(purpose);
}
