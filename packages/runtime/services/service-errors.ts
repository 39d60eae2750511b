import type { Clock } from '@terse/platform/clock';
import type { Logger } from '../telemetry/log.ts';
import { createReportLimit } from '../telemetry/report-limit.ts';

/** The name of each backing service in the log. */
export type BackingServiceName = 'postgres' | 'redis' | 'rabbitmq';

const REPORT_EVERY_MS = 5000;

/**
 * Logs errors of a backing service's client, with the service's name, whether or not a call caused them. A peer that
 * sends garbage causes thousands a second, so errors within five seconds of a line are only counted.
 */
export function reportErrorsOf(
  service: BackingServiceName,
  { log, clock }: { readonly log: Logger; readonly clock: Pick<Clock, 'monotonic'> },
): (error: unknown) => void {
  const limit = createReportLimit(REPORT_EVERY_MS, clock);
  return (error) => {
    limit.report((leftOut) => {
      log.warn({ err: error, service, ...leftOut }, `${service} failed, and is tried again`);
    });
  };
}
