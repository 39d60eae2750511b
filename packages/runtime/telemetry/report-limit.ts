import type { Clock } from '@terse/platform/clock';

/** Writes a report, with how many were left out since the one before. */
type WriteReport = (leftOut: { readonly left_out?: number }) => void;

/** Keeps a repeated failure from filling the log. */
export interface ReportLimit {
  /** Writes the report, unless one was written within the time of this limit. */
  report(write: WriteReport): void;
  /** Starts anew after a change: the next report is written, and counts none as left out before it. */
  reset(): void;
}

export function createReportLimit(everyMs: number, clock: Pick<Clock, 'monotonic'>): ReportLimit {
  let reportedAt = Number.NEGATIVE_INFINITY;
  let leftOut = 0;
  return {
    report: (write) => {
      const now = clock.monotonic();
      if (now - reportedAt < everyMs) {
        leftOut++;
        return;
      }
      write(leftOut > 0 ? { left_out: leftOut } : {});
      reportedAt = now;
      leftOut = 0;
    },
    reset: () => {
      reportedAt = Number.NEGATIVE_INFINITY;
      leftOut = 0;
    },
  };
}
