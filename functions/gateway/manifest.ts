import type { FunctionManifest } from '@terse/platform/function-manifest';

export const manifest = {
  name: 'gateway',
  needs: [],
  statementTimeoutMs: 0,
  ports: { port: 8080, internal: 9464 },
  requires: {
    REDIRECT_ORIGIN: 'visitors are sent there, such as http://127.0.0.1:8081 beside redirect',
    LINKS_ORIGIN: 'callers of the API are sent there, such as http://127.0.0.1:8082 beside links',
    STATS_ORIGIN: 'callers of the API are sent there, such as http://127.0.0.1:8083 beside stats',
  },
} as const satisfies FunctionManifest;
