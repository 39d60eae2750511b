import type { Context } from './context.ts';
import type { Logger } from './telemetry/log.ts';
import type { Pressure } from './telemetry/pressure.ts';
import type { ReadinessGate } from './telemetry/readiness.ts';
import type { Telemetry } from './telemetry/telemetry.ts';

/** The open backing services of a function, and what watches them. */
export interface Opened extends Pick<Telemetry, 'metrics' | 'metricsText'> {
  /** How much redirects are slowed down in this process. Everything else gives way to them. */
  readonly pressure: Pressure;
  readonly log: Logger;
  readonly readiness: ReadinessGate['readiness'];
  /** Whether a rollout may go on with this process; stays true once it is. */
  readonly started: ReadinessGate['started'];
  /** Makes the function unready, and resolves when balancers have had time to notice. */
  turnAway(): Promise<void>;
  /** Closes the backing services. The services that use them must be at rest. */
  close(): Promise<void>;
}

export function opened(
  context: Context,
  gate: ReadinessGate,
  services: readonly { close(): Promise<void> }[],
): Opened {
  const { log, metrics, metricsText, clock, config } = context;
  context.showUnreachedServices(gate.unreached);
  return {
    log,
    metrics,
    metricsText,
    pressure: context.eventLoopPressure,
    readiness: gate.readiness,
    started: gate.started,
    turnAway: () => {
      gate.stop();
      return clock.sleep(config.stopDelayMs);
    },
    close: async () => {
      for (const service of services) await service.close();
    },
  };
}
