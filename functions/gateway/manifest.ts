import type { FunctionManifest } from '@terse/platform/function-manifest';
import { manifest as links } from '@terse/links/manifest';
import { manifest as redirect } from '@terse/redirect/manifest';
import { manifest as stats } from '@terse/stats/manifest';

export const manifest = {
  name: 'gateway',
  needs: [],
  statementTimeoutMs: 0,
  ports: { port: 8080, internal: 9464 },
  forwardsTo: [redirect, links, stats],
} as const satisfies FunctionManifest;
