import type { Hono } from 'hono';

/**
 * An app that can be served. With `beforeResponses`, a response leaves only after that was called, once for all
 * responses of a turn of the event loop.
 */
export interface ServedApp extends Pick<Hono, 'fetch'> {
  readonly beforeResponses?: (() => void) | undefined;
}
