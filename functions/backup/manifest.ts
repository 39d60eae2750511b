import { DAY_MS } from '@terse/platform/durations';
import type { FunctionManifest } from '@terse/platform/function-manifest';

export const manifest = {
  name: 'backup',
  needs: ['database'],
  embedded: 'shared',
  statementTimeoutMs: DAY_MS,
} as const satisfies FunctionManifest;
