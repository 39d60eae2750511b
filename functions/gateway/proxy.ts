import type { HttpBindings } from '@hono/node-server';
import { proxy } from 'hono/proxy';
import { DomainError } from '@terse/core/errors';
import type { Origin } from './app.ts';

const TIMEOUT_MS = 15_000;

/**
 * Sends requests on to a function, with the visitor's address appended to `X-Forwarded-For`.
 * @throws DomainError `unavailable` when the function does not answer.
 */
export function proxyTo(origin: URL): Origin {
  return {
    fetch: async (request: Request, env?: unknown) => {
      const { pathname, search } = new URL(request.url);
      const { incoming } = (env ?? {}) as Partial<HttpBindings>;
      const forwarded = [request.headers.get('X-Forwarded-For'), incoming?.socket.remoteAddress];
      try {
        return await proxy(at(origin, pathname, search), {
          raw: request,
          headers: {
            ...Object.fromEntries(request.headers),
            'X-Forwarded-For': forwarded.filter(Boolean).join(', '),
            'X-Forwarded-Host': request.headers.get('Host') ?? undefined,
          },
          redirect: 'manual',
          signal: AbortSignal.timeout(TIMEOUT_MS),
        });
      } catch (error) {
        throw new DomainError('unavailable', 'The function behind this address does not answer.', [], {
          cause: error,
        });
      }
    },
  };
}

/** Not by resolving one against the other: a path that begins with `//` would lead to the host that follows. */
function at(origin: URL, pathname: string, search: string): URL {
  const url = new URL(origin);
  url.pathname = pathname;
  url.search = search;
  return url;
}
