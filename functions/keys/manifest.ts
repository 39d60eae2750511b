import type { FunctionManifest } from '@terse/platform/function-manifest';

export const manifest = {
  name: 'keys',
  needs: ['database'],
  embedded: 'shared',
  statementTimeoutMs: 10_000,
} as const satisfies FunctionManifest;
