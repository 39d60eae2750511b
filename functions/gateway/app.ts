import type { Hono } from 'hono';
import { type AppDependencies, createApp } from '@terse/http/create-app';
import type { ServedApp } from '@terse/http/served-app';
import { manifest } from './manifest.ts';

/** Whatever answers requests: an app in this process, or a proxy to one elsewhere. */
export type Origin = ServedApp;

type ForwardedTo = (typeof manifest.forwardsTo)[number]['name'];

/** Where each function is that the gateway forwards to. */
export type Origins = Readonly<Record<ForwardedTo, Origin>>;

/** Finds the origin of each of those functions. */
export function originOfEach(find: (name: ForwardedTo) => Origin): Origins {
  // `fromEntries` forgets the names.
  return Object.fromEntries(manifest.forwardsTo.map(({ name }) => [name, find(name)])) as Origins;
}

/** The routes of those functions: of two that match, the first one counts. */
const ROUTES = manifest.forwardsTo
  .flatMap(({ name, routes }) => routes.map((route) => ({ name, route })))
  .toSorted((a, b) => b.route.length - a.route.length);

/**
 * Routes one address to the functions that visitors and API callers reach, as the edge does in production. What has to
 * be done before a redirect's responses is done before its own.
 */
export function createGatewayApp(dependencies: AppDependencies & Origins): Hono & ServedApp {
  const app = createApp(dependencies);
  for (const { name, route } of ROUTES) {
    const origin = dependencies[name];
    app.all(route, (c) => origin.fetch(c.req.raw, c.env));
  }
  return Object.assign(app, { beforeResponses: dependencies.redirect.beforeResponses });
}
