import type { Origins } from '../settings/config.ts';
import type { Context } from '../context.ts';
import { type Opened, opened } from '../opened.ts';
import { createReadinessGate } from '../telemetry/readiness.ts';

/** The gateway opens no part: it only has to know where the functions are. */
export function openGateway(context: Context): Opened & { readonly origins: Origins } {
  const { origins } = context.config;
  if (!origins) throw new Error('The gateway was not told where the functions are.');
  return { ...opened(context, createReadinessGate({ clock: context.clock, probes: {} }), []), origins };
}
