import type { FunctionManifest } from '@terse/platform/function-manifest';

export const manifest = {
  name: 'visit-writer',
  needs: ['database', 'queue'],
  databaseRole: 'terse_visit_writer',
  statementTimeoutMs: 30_000,
  ports: { port: 8084, internal: 9468 },
} as const satisfies FunctionManifest;
