import type { Context } from '../context.ts';
import { type Opened, opened } from '../opened.ts';
import { createReadinessGate } from '../telemetry/readiness.ts';

export interface GatewayServices extends Opened {
  /** The address of a function. @throws Error when the settings do not have it. */
  originOf(name: string): URL;
}

/** The gateway opens no backing service. It only needs the addresses of the functions. */
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
