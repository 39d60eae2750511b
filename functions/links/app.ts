import type { Hono } from 'hono';
import type { ApiKeyService } from '@terse/core/access/api-key-service';
import type { LinkService } from '@terse/core/links/link-service';
import type { Metrics } from '@terse/core/metrics';
import { requireApiKey } from '@terse/http/api-key';
import { type AppDependencies, createApp } from '@terse/http/create-app';
import { methodNotAllowed } from '@terse/http/method-not-allowed';
import { readQuery, refuseQuery } from '@terse/http/query';
import { limitBody, readBody, readMergePatch } from '@terse/http/request-body';
import { shedLoad } from '@terse/http/shed-load';
import { createLinkView } from './link-view.ts';
import { encodeLinkCursor } from './link-cursor.ts';
import {
  LIST_PARAMETERS,
  linkChangesSchema,
  listQuerySchema,
  newLinkSchema,
  newLinksSchema,
} from './schemas.ts';

export interface LinksDependencies extends AppDependencies {
  readonly linkService: LinkService;
  readonly apiKeys: Pick<ApiKeyService, 'isValid'>;
  readonly metrics: Pick<Metrics, 'requestShed'>;
  /** The load on the process, from 0 to 1. */
  readonly pressure: () => number;
  /** The URL that short URLs begin with. */
  readonly baseUrl: URL;
  /** The largest body of a bulk request. */
  readonly maxBodyBytes: number;
}

/** The largest body for one link. */
const MAX_BODY_BYTES = 32 * 1024;
/** Redirects have priority over these requests, and these over reports. */
const MAX_PRESSURE = 0.8;
const MAX_CONCURRENT = 32;
const MAX_WAITING = 200;

/** Creates, lists, changes, deletes and restores links. */
export function createLinksApp(dependencies: LinksDependencies): Hono {
  const { linkService, apiKeys, metrics, pressure } = dependencies;
  const view = createLinkView(dependencies.baseUrl);
  const app = createApp(dependencies);

  app.use(
    '/api/*',
    // Before load shedding, so that callers without a key take no place.
    requireApiKey(apiKeys.isValid),
    shedLoad({
      pressure,
      maxPressure: MAX_PRESSURE,
      maxConcurrent: MAX_CONCURRENT,
      maxWaiting: MAX_WAITING,
      onShed: () => metrics.requestShed('links'),
    }),
  );

  app.post('/api/v1/bulk/links', refuseQuery, limitBody(dependencies.maxBodyBytes), async (c) => {
    const { links } = await readBody(c, newLinksSchema);
    return c.json({ links: (await linkService.shortenAll(links)).map(view) }, 201);
  });

  app.all('/api/v1/bulk/links', methodNotAllowed('POST'));

  app.use('/api/v1/links/*', limitBody(MAX_BODY_BYTES));

  app.post('/api/v1/links', refuseQuery, async (c) => {
    const link = await linkService.shorten(await readBody(c, newLinkSchema));
    return c.json(view(link), 201, { Location: `/api/v1/links/${link.short_code}` });
  });

  app.get('/api/v1/links', async (c) => {
    const { limit, cursor, tag: tags, search, deleted } = readQuery(c, listQuerySchema, LIST_PARAMETERS);
    const { links, next } = await linkService.list({ tags, search, visibility: deleted }, limit, cursor);
    return c.json({
      links: links.map(view),
      next_cursor: next === undefined ? null : encodeLinkCursor(next, links.at(-1)?.created_at),
    });
  });

  app.all('/api/v1/links', methodNotAllowed('GET', 'POST'));

  app.on(['GET', 'PATCH', 'DELETE'], '/api/v1/links/:code', refuseQuery);

  app.get('/api/v1/links/:code', async (c) => c.json(view(await linkService.read(c.req.param('code')))));

  app.patch('/api/v1/links/:code', async (c) => {
    const changes = await readMergePatch(c, linkChangesSchema);
    return c.json(view(await linkService.change(c.req.param('code'), changes)));
  });

  app.delete('/api/v1/links/:code', async (c) => {
    await linkService.remove(c.req.param('code'));
    return c.body(null, 204);
  });

  app.all('/api/v1/links/:code', methodNotAllowed('GET', 'PATCH', 'DELETE'));

  app.post('/api/v1/links/:code/restore', refuseQuery, async (c) =>
    c.json(view(await linkService.restore(c.req.param('code')))),
  );

  app.all('/api/v1/links/:code/restore', methodNotAllowed('POST'));

  return app;
}
