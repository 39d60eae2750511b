import type { FunctionManifest } from '@terse/platform/function-manifest';

export const manifest = {
  name: 'backup',
  needs: ['database'],
  embedded: 'shared',
  statementTimeoutMs: 86_400_000,
} as const satisfies FunctionManifest;
