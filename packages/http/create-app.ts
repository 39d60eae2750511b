import type { Hono } from 'hono';
import { HTTPException } from 'hono/http-exception';
import { Hono as TinyHono } from 'hono/tiny';
import { DomainError } from '@terse/core/errors';
import { problem } from './problem.ts';
import { requestId } from './request-id.ts';

export interface Logger {
  error(details: Readonly<Record<string, unknown>>, message: string): void;
  info(details: Readonly<Record<string, unknown>>, message: string): void;
}

/** Whether requests are welcome, and the state of each part by name; no more than that is told to callers. */
export interface Readiness {
  readonly ready: boolean;
  readonly parts: Readonly<Record<string, boolean>>;
}

export interface AppParts {
  readonly log: Logger;
  readonly readiness: () => Promise<Readiness>;
  /** The metrics in the Prometheus text format. */
  readonly metricsText: () => Promise<string>;
}

/**
 * A Hono app with what every function has: problem details for every error, and `/.live`, `/.ready` and `/.metrics`,
 * which a short code can never collide with and a public listener never forwards.
 */
export function createApp({ log, readiness, metricsText }: AppParts): Hono {
  // The router of this preset asks each route in turn. The usual one cannot have `/.live` beside `/:code`, and falls back to
  // one that takes twice as long.
  const app = new TinyHono({ strict: false });

  app.get('/.live', (c) => c.json({ status: 'live' }));

  app.get('/.ready', async (c) => {
    const { ready, parts } = await readiness();
    const states = Object.entries(parts).map(([name, up]) => [name, up ? 'up' : 'down']);
    return c.json(
      { status: ready ? 'ready' : 'unready', parts: Object.fromEntries(states) },
      ready ? 200 : 503,
    );
  });

  app.get('/.metrics', async (c) => c.text(await metricsText()));

  app.notFound((c) => problem(c, new DomainError('route_not_found', `Nothing is served at ${c.req.path}.`)));

  app.onError((error, c) => {
    if (error instanceof DomainError) {
      if (error.cause) log.error({ err: error.cause, request_id: requestId(c) }, error.message);
      return problem(c, error);
    }
    if (error instanceof HTTPException) return error.getResponse();
    log.error(
      { err: error, request_id: requestId(c), method: c.req.method, path: c.req.path },
      'unexpected error',
    );
    return problem(
      c,
      new DomainError('internal_error', 'The request could not be handled. Its id is in the logs.'),
    );
  });

  return app;
}
