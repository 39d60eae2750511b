import type { FunctionManifest } from '@terse/platform/function-manifest';

export const manifest = {
  name: 'restore',
  needs: ['database'],
  embedded: 'own',
  statementTimeoutMs: 86_400_000,
} as const satisfies FunctionManifest;
