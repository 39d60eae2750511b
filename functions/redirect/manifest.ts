import type { FunctionManifest } from '@terse/platform/function-manifest';

export const manifest = {
  name: 'redirect',
  needs: ['database', 'store', 'queue'],
  databaseRole: 'terse_redirect',
  statementTimeoutMs: 2000,
  ports: { port: 8081, internal: 9465 },
  routes: ['*'],
} as const satisfies FunctionManifest;
