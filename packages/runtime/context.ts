import { type Clock, systemClock } from '@terse/platform/clock';
import type { FunctionManifest } from '@terse/platform/function-manifest';
import { type Config, readConfig } from './settings/config.ts';
import { createLog } from './telemetry/log.ts';
import type { ServicesContext } from './services/open-services.ts';
import { createEventLoopPressure, type Pressure } from './telemetry/pressure.ts';
import { createTelemetry, type Telemetry } from './telemetry/telemetry.ts';

/** What every function has before it opens a backing service. */
export interface Context extends ServicesContext, Telemetry {
  /** How late the event loop is. */
  readonly eventLoopPressure: Pressure;
}

/** @throws ConfigError with every setting that is wrong. */
export function createContext(
  manifest: FunctionManifest,
  config: Config = readConfig(manifest),
  clock: Clock = systemClock,
): Context {
  return {
    manifest,
    config,
    clock,
    log: createLog(config.logLevel),
    eventLoopPressure: createEventLoopPressure(),
    ...createTelemetry(),
  };
}
