import type { FunctionManifest } from '@terse/platform/function-manifest';

export const manifest = {
  name: 'gateway',
  needs: [],
  statementTimeoutMs: 0,
  ports: { port: 8080, internal: 9464 },
  requires: {
    REDIRECT_ORIGIN:
      'visitors are sent there, such as http://127.0.0.1:8081 for redirect on the same machine',
    LINKS_ORIGIN:
      'callers of the API are sent there, such as http://127.0.0.1:8082 for links on the same machine',
    STATS_ORIGIN:
      'callers of the API are sent there, such as http://127.0.0.1:8083 for stats on the same machine',
  },
} as const satisfies FunctionManifest;
