import type { Hono } from 'hono';
import { type AppParts, createApp } from '@terse/http/create-app';
import type { ServedApp } from '@terse/http/served-app';

/** Whatever answers requests: an app in this process, or a proxy to one elsewhere. */
export type Origin = ServedApp;

export interface GatewayDependencies extends AppParts {
  readonly redirect: Origin;
  readonly links: Origin;
  readonly stats: Origin;
}

/**
 * Routes one address to the functions that visitors and API callers reach, as the edge does in production. What has to
 * be done before a redirect's responses is done before its own.
 */
export function createGatewayApp(dependencies: GatewayDependencies): Hono & ServedApp {
  const { redirect, links, stats } = dependencies;
  const app = createApp(dependencies);
  app.all('/api/v1/links/:code/stats/*', (c) => stats.fetch(c.req.raw, c.env));
  app.all('/api/*', (c) => links.fetch(c.req.raw, c.env));
  app.all('*', (c) => redirect.fetch(c.req.raw, c.env));
  return Object.assign(app, { beforeResponses: redirect.beforeResponses });
}
