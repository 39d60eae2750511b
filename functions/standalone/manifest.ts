import type { FunctionManifest } from '@terse/platform/function-manifest';

export const manifest = {
  name: 'standalone',
  needs: ['database', 'store', 'queue'],
  embedded: 'own',
  statementTimeoutMs: 30_000,
  ports: { port: 8080, internal: 9464 },
} as const satisfies FunctionManifest;
