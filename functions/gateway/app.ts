import type { Hono } from 'hono';
import { type AppDependencies, createApp } from '@terse/http/create-app';
import type { ServedApp } from '@terse/http/served-app';
import { manifest as linksManifest } from '@terse/links/manifest';
import { manifest as redirectManifest } from '@terse/redirect/manifest';
import { manifest as statsManifest } from '@terse/stats/manifest';

/** Whatever answers requests: an app in this process, or a proxy to one elsewhere. */
export type Origin = ServedApp;

export interface GatewayDependencies extends AppDependencies {
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
  for (const route of statsManifest.routes) app.all(route, (c) => stats.fetch(c.req.raw, c.env));
  for (const route of linksManifest.routes) app.all(route, (c) => links.fetch(c.req.raw, c.env));
  for (const route of redirectManifest.routes) app.all(route, (c) => redirect.fetch(c.req.raw, c.env));
  return Object.assign(app, { beforeResponses: redirect.beforeResponses });
}
