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

/** The app, and what puts recorded visits into the journal: no response leaves before that. */
export type RedirectApp = Hono & { readonly beforeResponses: () => void };

/**
 * Sends visitors of a short code on to its original URL, and records the visit; it waits for nothing unless told to.
 */
export function createRedirectApp(dependencies: RedirectDependencies): RedirectApp {
  const { resolver, recorder, metrics, clientIp, country } = dependencies;
  const app = createApp(dependencies);
  const refuseMethod = methodNotAllowed('GET', 'HEAD');

  app.get('/', (c) => page(c, 'Short links', 'Follow one, and you are sent on to where it leads.'));
  app.all('/', refuseMethod);

  // One handler for all methods, and no promise where memory knows the answer: with a second handler or a promise, Hono
  // and the server behind it take ways that cost more than everything else that is done here.
  app.all('/:code', (c, next) => {
    const shortCode = parseShortCode(c.req.param('code'));
    if (!shortCode) {
      metrics.redirected('unknown');
      throw linkNotFound(c.req.param('code'));
    }
    // Hono answers HEAD with what GET gives, without the body.
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
    // Not stored anywhere on the way: every visit is seen, and a change is seen by the next one.
    const headers = { Location: resolution.location, 'Cache-Control': 'no-store', 'Content-Length': '0' };
    // Not `c.body`, which would copy them into a `Headers` first.
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
