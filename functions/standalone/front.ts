import type { IncomingMessage } from 'node:http';
import { manifest as gatewayManifest } from '@terse/gateway/manifest';
import type { ServedApp } from '@terse/http/served-app';

/** The part of the server's bindings that is read here. */
interface Bindings {
  readonly incoming?: Pick<IncomingMessage, 'url'>;
}

/** First path segments that other functions answer: `api`. */
const OTHER_ROUTES = gatewayManifest.forwardsTo
  .flatMap(({ routes }) => routes.map((route) => /^\/([\w-]+)(?:\/\*)?$/.exec(route)?.[1]))
  .filter((word) => word !== undefined);

/** Matches the raw path of a code: none of its characters can change the path. */
const CODE_PATH = new RegExp(String.raw`^/(?!(?:${OTHER_ROUTES.join('|')})(?:\?|$))[\w-]+(?:\?|$)`);

/**
 * Answers as the gateway does. Requests for codes go straight to the redirect, because a second router costs a tenth of
 * a redirect.
 */
export function createFront({
  gateway,
  redirect,
}: Readonly<Record<'gateway' | 'redirect', ServedApp>>): ServedApp {
  return {
    beforeResponses: redirect.beforeResponses,
    fetch: (request, env, context) => {
      const { incoming }: Bindings = env ?? {};
      const { fetch } = CODE_PATH.test(incoming?.url ?? '') ? redirect : gateway;
      return fetch(request, env, context);
    },
  };
}
