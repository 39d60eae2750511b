import type { Clock } from '@terse/core/clock';
import type { Logger } from './log.ts';

/** What each part is called in the log. */
export type PartName = 'postgres' | 'redis' | 'rabbitmq';

const REPORT_EVERY_MS = 5000;

/**
 * Where the errors of a part's client end, whichever call they belong to, if any: in the log, with the part's name. A peer
 * that sends rubbish causes thousands in a second, so what comes within five seconds of a line is only counted.
 */
export function reportErrorsOf(
  part: PartName,
  { log, clock }: { readonly log: Logger; readonly clock: Pick<Clock, 'monotonic'> },
): (error: unknown) => void {
  let reportedAt = Number.NEGATIVE_INFINITY;
  let leftOut = 0;
  return (error) => {
    const now = clock.monotonic();
    if (now - reportedAt < REPORT_EVERY_MS) {
      leftOut++;
      return;
    }
    log.warn(
      { err: error, part, ...(leftOut > 0 && { left_out: leftOut }) },
      `${part} failed, and is tried again`,
    );
    reportedAt = now;
    leftOut = 0;
  };
}
