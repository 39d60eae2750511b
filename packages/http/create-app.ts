import type { HttpBindings } from '@hono/node-server';
import type { Context, Hono } from 'hono';
import { HTTPException } from 'hono/http-exception';
import { Hono as TinyHono } from 'hono/tiny';
import { DomainError } from '@terse/core/errors';
import { problem } from './problem.ts';
import { reportCauses } from './report-causes.ts';
import { requestId } from './request-id.ts';

export interface Logger {
  error(details: Readonly<Record<string, unknown>>, message: string): void;
  info(details: Readonly<Record<string, unknown>>, message: string): void;
}

export interface AppDependencies {
  readonly log: Logger;
}

const CUT_SHORT = new DomainError(
  'malformed_request',
  'The request ended, or broke, before all of it had arrived.',
);

const UNREADABLE = new DomainError('malformed_request', 'The request cannot be read as it is.');

/** Whether reading the body failed because the caller has gone or sent an unreadable body. */
function isCutShort(c: Context): boolean {
  const { incoming }: Partial<HttpBindings> = c.env ?? {};
  return incoming !== undefined && incoming.destroyed && !incoming.complete;
}

/** A Hono app with what every function needs: problem details for every error. */
export function createApp({ log }: AppDependencies): Hono {
  // The router of this preset tries each route in turn. With routes such as `/` and `/:code`, the usual router falls
  // back to one that takes twice as long.
  const app = new TinyHono({ strict: false });
  const reportCause = reportCauses(
    (details, message) => log.error(details, message),
    () => performance.now(),
  );

  app.notFound((c) => problem(c, new DomainError('route_not_found', `Nothing is served at ${c.req.path}.`)));

  app.onError((error, c) => {
    if (error instanceof DomainError) {
      if (error.cause) reportCause(error, requestId(c));
      return problem(c, error);
    }
    if (error instanceof HTTPException && error.status < 500) return problem(c, UNREADABLE);
    if (isCutShort(c)) return problem(c, CUT_SHORT);
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
