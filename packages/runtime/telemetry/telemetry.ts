import { Registry } from 'prom-client';
import type { Metrics } from '@terse/core/metrics';
import { createCounters } from './counters.ts';
import { createGauges, type Gauges } from './gauges.ts';
import { collectProcessMetrics } from './process-metrics.ts';

export interface Telemetry extends Gauges {
  readonly metrics: Metrics;
  /** All metrics in the Prometheus text format. */
  metricsText(): Promise<string>;
}

/** The metrics of a process, and those that its services report. */
export function createTelemetry(): Telemetry {
  const registry = new Registry();
  collectProcessMetrics(registry);
  return {
    metrics: createCounters(registry),
    ...createGauges(registry),
    metricsText: () => registry.metrics(),
  };
}
