import type { Clock } from '@terse/platform/clock';
import type { Logger } from '../telemetry/log.ts';
import { createReportLimit } from '../telemetry/report-limit.ts';

/** The name of each part in the log. */
export type BackingServiceName = 'postgres' | 'redis' | 'rabbitmq';

const REPORT_EVERY_MS = 5000;

/**
 * Logs errors of a part's client, with the part's name, whether or not a call caused them. A peer that sends garbage
 * causes thousands a second, so errors within five seconds of a line are only counted.
 */
export function reportErrorsOf(
  part: BackingServiceName,
  { log, clock }: { readonly log: Logger; readonly clock: Pick<Clock, 'monotonic'> },
): (error: unknown) => void {
  const limit = createReportLimit(REPORT_EVERY_MS, clock);
  return (error) => {
    limit.report((leftOut) => {
      log.warn({ err: error, part, ...leftOut }, `${part} failed, and is tried again`);
    });
  };
}
