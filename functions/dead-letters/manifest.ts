import type { FunctionManifest } from '@terse/platform/function-manifest';

export const manifest = {
  name: 'dead-letters',
  needs: ['queue'],
  statementTimeoutMs: 0,
} as const satisfies FunctionManifest;
