import { manifest as counterFlush } from '@terse/counter-flush/manifest';
import { manifest as links } from '@terse/links/manifest';
import { manifest as redirect } from '@terse/redirect/manifest';
import { manifest as stats } from '@terse/stats/manifest';
import { manifest as visitWriter } from '@terse/visit-writer/manifest';
import { HOUR_MS } from '@terse/platform/durations';
import type { FunctionManifest } from '@terse/platform/function-manifest';

export const manifest = {
  name: 'migrate',
  needs: ['database'],
  statementTimeoutMs: HOUR_MS,
  makesLoginsOf: [redirect, links, stats, visitWriter, counterFlush],
} as const satisfies FunctionManifest;
