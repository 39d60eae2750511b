import type { FunctionManifest } from '@terse/platform/function-manifest';

export const manifest = {
  name: 'stats',
  needs: ['database'],
  databaseRole: 'terse_stats',
  readsReplica: true,
  statementTimeoutMs: 10_000,
  ports: { port: 8083, internal: 9467 },
  routes: ['/api/v1/links/:code/stats/*'],
} as const satisfies FunctionManifest;
