import { Hono } from 'hono';

export interface StandaloneApps {
  readonly redirect: Pick<Hono, 'fetch'>;
  readonly links: Pick<Hono, 'fetch'>;
  readonly stats: Pick<Hono, 'fetch'>;
}

/** Routes one address to the functions that visitors and API callers reach, as the edge does in production. */
export function createStandaloneApp({ redirect, links, stats }: StandaloneApps): Hono {
  const app = new Hono();
  app.all('/api/v1/links/:code/stats/*', (c) => stats.fetch(c.req.raw, c.env));
  app.all('/api/*', (c) => links.fetch(c.req.raw, c.env));
  app.all('*', (c) => redirect.fetch(c.req.raw, c.env));
  return app;
}
