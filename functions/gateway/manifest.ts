import type { FunctionManifest } from '@terse/platform/function-manifest';

export const manifest = {
  name: 'gateway',
  needs: [],
  statementTimeoutMs: 0,
  ports: { port: 8080, internal: 9464 },
  requires: {
    REDIRECT_ORIGIN: 'visitors are sent there',
    LINKS_ORIGIN: 'callers of the API are sent there',
    STATS_ORIGIN: 'callers of the API are sent there',
  },
} as const satisfies FunctionManifest;
