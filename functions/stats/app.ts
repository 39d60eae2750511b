import type { Hono } from 'hono';
import { wholeNumber, z } from '@terse/platform/zod';
import type { ApiKeyService } from '@terse/core/access/api-key-service';
import { MAX_VALUES } from '@terse/core/stats/heavy-hitters';
import { INTERVALS } from '@terse/core/stats/interval';
import type { StatsService } from '@terse/core/stats/stats-service';
import type { Metrics } from '@terse/core/metrics';
import { requireApiKey } from '@terse/http/api-key';
import { type AppDependencies, createApp } from '@terse/http/create-app';
import { methodNotAllowed } from '@terse/http/method-not-allowed';
import { NO_CURSOR } from '@terse/http/cursor';
import { readQuery } from '@terse/http/query';
import { instant, pageSize } from '@terse/http/schemas';
import { shedLoad } from '@terse/http/shed-load';

export interface StatsDependencies extends AppDependencies {
  readonly stats: StatsService;
  readonly apiKeys: Pick<ApiKeyService, 'isValid'>;
  readonly metrics: Pick<Metrics, 'requestShed'>;
  /** The load on the process, from 0 to 1. */
  readonly pressure: () => number;
}

/** Reports are shed before anything else. */
const MAX_PRESSURE = 0.5;
const MAX_CONCURRENT = 8;
const MAX_WAITING = 100;

export const summaryQuerySchema = z.strictObject({
  from: instant.optional(),
  to: instant.optional(),
  interval: z.enum(INTERVALS).default('day'),
  limit: wholeNumber(1, MAX_VALUES).optional(),
});

const visitsQuerySchema = z.strictObject({ limit: pageSize, cursor: z.uuidv7(NO_CURSOR).optional() });

/** Reports on the visits of a link. */
export function createStatsApp(dependencies: StatsDependencies): Hono {
  const { stats, apiKeys, metrics, pressure } = dependencies;
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
      onShed: () => metrics.requestShed('stats'),
    }),
  );

  app.get('/api/v1/links/:code/stats', async (c) =>
    c.json(await stats.summarise(c.req.param('code'), readQuery(c, summaryQuerySchema))),
  );

  app.get('/api/v1/links/:code/stats/visits', async (c) => {
    const { limit, cursor } = readQuery(c, visitsQuerySchema);
    // One visit more than is shown tells whether another page follows.
    const found = await stats.visits(c.req.param('code'), limit + 1, cursor);
    const visits = found.slice(0, limit);
    return c.json({ visits, next_cursor: found.length > limit ? visits.at(-1)?.id : null });
  });

  app.all('/api/v1/links/:code/stats', methodNotAllowed('GET'));
  app.all('/api/v1/links/:code/stats/visits', methodNotAllowed('GET'));

  return app;
}
