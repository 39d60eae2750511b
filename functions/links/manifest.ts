import type { FunctionManifest } from '@terse/platform/function-manifest';

export const manifest = {
  name: 'links',
  needs: ['database', 'store'],
  databaseRole: 'terse_links',
  statementTimeoutMs: 10_000,
  ports: { port: 8082, internal: 9466 },
  routes: ['/api/*'],
  requires: { BASE_URL: 'it is what short URLs begin with' },
} as const satisfies FunctionManifest;
