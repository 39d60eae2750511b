import type { IncomingMessage } from 'node:http';
import { manifest as gatewayManifest } from '@terse/gateway/manifest';
import type { ServedApp } from '@terse/http/served-app';

/** What the server passes along with a request. */
interface Bindings {
  readonly incoming?: Pick<IncomingMessage, 'url'>;
}

/** What stands where a code stands, and leads to another function: `api`. */
const NO_CODES = gatewayManifest.forwardsTo
  .flatMap(({ routes }) => routes.map((route) => /^\/([\w-]+)(?:\/\*)?$/.exec(route)?.[1]))
  .filter((word) => word !== undefined);

/** The target of a request for a code, as it came: none of its characters can change the path. */
const CODE_TARGET = new RegExp(String.raw`^/(?!(?:${NO_CODES.join('|')})(?:\?|$))[\w-]+(?:\?|$)`);

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
      const { fetch } = CODE_TARGET.test(incoming?.url ?? '') ? redirect : gateway;
      return fetch(request, env, context);
    },
  };
}
