import type { Context } from './context.ts';
import type { Logger } from './telemetry/log.ts';
import type { Pressure } from './telemetry/pressure.ts';
import type { ReadinessGate } from './telemetry/readiness.ts';
import type { Telemetry } from './telemetry/telemetry.ts';

/** Parts that are open. */
export interface Opened extends Pick<Telemetry, 'metrics' | 'metricsText'> {
  /** What makes redirects slow in this process; everything else gives way to it. */
  readonly pressure: Pressure;
  readonly log: Logger;
  readonly readiness: ReadinessGate['readiness'];
  /** Whether a rollout may go on with this process; stays true once it is. */
  readonly started: ReadinessGate['started'];
  /** Becomes unready, and resolves when balancers have had the time to notice. */
  turnAway(): Promise<void>;
  /** Gives the backing services back. The services on them must be at rest. */
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
      for (const part of services) await part.close();
    },
  };
}
