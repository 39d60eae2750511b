import type { Context, Hono } from 'hono';
import { DomainError, linkNotFound } from '@terse/core/errors';
import type { Resolution } from '@terse/core/links/resolver/resolution';
import type { LinkResolver } from '@terse/core/links/resolver/link-resolver';
import type { Metrics } from '@terse/core/metrics';
import { parseShortCode, type ShortCode } from '@terse/core/links/short-code';
import type { ObservedVisit } from '@terse/core/visits/visit-encoder';
import type { VisitRecorder } from '@terse/core/visits/visit-recorder';
import { type AppDependencies, createApp } from '@terse/http/create-app';
import { methodNotAllowed } from '@terse/http/method-not-allowed';
import { page } from '@terse/http/page';
import { isPrefetch } from '@terse/http/prefetch';
import { requestText } from '@terse/http/request-header';

export interface RedirectDependencies extends AppDependencies {
  readonly resolver: LinkResolver;
  readonly recorder: Pick<VisitRecorder, 'record' | 'commit' | 'confirmed'>;
  readonly metrics: Pick<Metrics, 'redirected'>;
  readonly clientIp: (c: Context) => string | null;
  readonly country: (c: Context) => string | null;
}

/** The app; `beforeResponses` writes recorded visits to the journal, and no response leaves before it returns. */
export type RedirectApp = Hono & { readonly beforeResponses: () => void };

/**
 * Redirects visitors of a short code to its target and records the visit. A redirect waits for the confirmation of its
 * visit only where the settings ask for it.
 */
export function createRedirectApp(dependencies: RedirectDependencies): RedirectApp {
  const { resolver, recorder, metrics, clientIp, country } = dependencies;
  const app = createApp(dependencies);
  const refuseMethod = methodNotAllowed('GET', 'HEAD');

  app.get('/', (c) => page(c, 'Short links', 'Follow a short link, and it takes you to its target.'));
  app.all('/', refuseMethod);

  // One handler for all methods, and no promise on a memory hit: a second handler or a promise leads Hono and its
  // server through slower paths, which cost more than everything else here.
  app.all('/:code', (c, next) => {
    const shortCode = parseShortCode(c.req.param('code'));
    if (!shortCode) {
      metrics.redirected('unknown');
      throw linkNotFound(c.req.param('code'));
    }
    // Hono answers HEAD like GET, without the body.
    if (c.req.method !== 'GET' && c.req.method !== 'HEAD') return refuseMethod(c, next);
    const visit = observe(c, shortCode);
    const resolution = resolver.resolve(shortCode, visit);
    if (!(resolution instanceof Promise)) return follow(visit, resolution);
    return resolution.then(
      (resolved) => follow(visit, resolved),
      (error: unknown) => {
        metrics.redirected('unavailable');
        throw error;
      },
    );
  });

  function observe(c: Context, shortCode: ShortCode): ObservedVisit {
    return {
      shortCode,
      ip: clientIp(c),
      userAgent: requestText(c, 'user-agent'),
      referrer: requestText(c, 'referer'),
      country: country(c),
      isProbe: c.req.method === 'HEAD' || isPrefetch(c),
    };
  }

  function follow(visit: ObservedVisit, resolution: Resolution): Response | Promise<Response> {
    metrics.redirected(resolution.kind);
    if (resolution.kind !== 'redirect') throw refusal(visit.shortCode, resolution.kind);

    recorder.record(visit);
    // No cache on the way stores it, so every visit arrives here and the next one sees a change.
    const headers = { Location: resolution.location, 'Cache-Control': 'no-store', 'Content-Length': '0' };
    // Not `c.body`, which would copy the headers into a `Headers` first.
    const response = new Response(null, { status: resolution.status, headers });
    return recorder.confirmed()?.then(() => response) ?? response;
  }

  return Object.assign(app, { beforeResponses: () => recorder.commit() });
}

function refusal(code: string, kind: Exclude<Resolution['kind'], 'redirect'>): DomainError {
  switch (kind) {
    case 'unknown':
      return linkNotFound(code);
    case 'deleted':
      return new DomainError('link_deleted', `The link "${code}" was deleted.`);
    case 'expired':
      return new DomainError('link_expired', `The link "${code}" has expired.`);
    case 'blocked':
      return new DomainError(
        'target_not_allowed',
        `The link "${code}" leads to an address that is not allowed.`,
      );
  }
}
