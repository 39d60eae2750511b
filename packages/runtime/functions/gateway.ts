import type { Context } from '../context.ts';
import { type Opened, opened } from '../opened.ts';
import { createReadinessGate } from '../telemetry/readiness.ts';

export interface GatewayServices extends Opened {
  /** Where a function is. @throws Error when the gateway was not told. */
  originOf(name: string): URL;
}

/** The gateway opens no backing service: it only has to know where the functions are. */
export function openGateway(context: Context): GatewayServices {
  const gate = createReadinessGate({ clock: context.clock, probes: {} });
  return {
    ...opened(context, gate, []),
    originOf: (name) => {
      const origin = context.config.origins[name];
      if (!origin) throw new Error(`The gateway was not told where ${name} is.`);
      return origin;
    },
  };
}
