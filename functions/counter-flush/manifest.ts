import { MINUTE_MS } from '@terse/platform/durations';
import type { FunctionManifest } from '@terse/platform/function-manifest';

export const manifest = {
  name: 'counter-flush',
  needs: ['database', 'store', 'queue'],
  databaseRole: 'terse_counter_flush',
  statementTimeoutMs: MINUTE_MS,
  ports: { port: 8085, internal: 9469 },
  schedules: {
    FlushEveryMinute: { every: 'minute', event: { task: 'flush' } },
    MaintainEveryHour: { every: 'hour', event: { task: 'maintain' } },
  },
  invocationTimeoutMs: 120_000,
} as const satisfies FunctionManifest;
