import { DAY_MS } from '@terse/platform/durations';
import type { FunctionManifest } from '@terse/platform/function-manifest';

export const manifest = {
  name: 'restore',
  needs: ['database'],
  embedded: 'own',
  statementTimeoutMs: DAY_MS,
} as const satisfies FunctionManifest;
