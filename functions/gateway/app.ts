import type { Hono } from 'hono';
import { type AppDependencies, createApp } from '@terse/http/create-app';
import type { ServedApp } from '@terse/http/served-app';
import { manifest } from './manifest.ts';

/** Answers requests: an app in this process, or a proxy to one elsewhere. */
export type Origin = ServedApp;

type ForwardedTo = (typeof manifest.forwardsTo)[number]['name'];

/** The origin of each function that the gateway forwards to. */
export type Origins = Readonly<Record<ForwardedTo, Origin>>;

/** Returns the origin of each of those functions. */
export function originOfEach(find: (name: ForwardedTo) => Origin): Origins {
  // `fromEntries` loses the names of the keys.
  return Object.fromEntries(manifest.forwardsTo.map(({ name }) => [name, find(name)])) as Origins;
}

/** The routes of those functions, the longest first: the first match wins. */
const ROUTES = manifest.forwardsTo
  .flatMap(({ name, routes }) => routes.map((route) => ({ name, route })))
  .toSorted((a, b) => b.route.length - a.route.length);

/**
 * Routes one address to the functions that visitors and API callers reach, as the edge does in production. It takes
 * over `beforeResponses` from the redirect, because the redirect's responses leave through it.
 */
export function createGatewayApp(dependencies: AppDependencies & Origins): Hono & ServedApp {
  const app = createApp(dependencies);
  for (const { name, route } of ROUTES) {
    const origin = dependencies[name];
    app.all(route, (c) => origin.fetch(c.req.raw, c.env));
  }
  return Object.assign(app, { beforeResponses: dependencies.redirect.beforeResponses });
}
