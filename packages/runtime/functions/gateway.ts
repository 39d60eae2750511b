import type { Context } from '../context.ts';
import { type Opened, opened } from '../opened.ts';
import { createReadinessGate } from '../telemetry/readiness.ts';

/** The gateway opens no part: it only has to know where the functions are. */
export function openGateway(context: Context): Opened & { readonly origins: Readonly<Record<string, URL>> } {
  const gate = createReadinessGate({ clock: context.clock, probes: {} });
  return { ...opened(context, gate, []), origins: context.config.origins };
}
