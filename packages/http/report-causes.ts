import type { DomainError } from '@terse/core/errors';

type Report = (details: Readonly<Record<string, unknown>>, message: string) => void;

const REPORT_EVERY_MS = 5000;

/**
 * Logs the causes of errors that callers see: for each code, one line in five seconds, with the number of those left
 * out. Otherwise a function that is down would fill the log with a line for each caller.
 * @param now milliseconds of a clock that does not jump.
 */
export function reportCauses(report: Report, now: () => number) {
  const last = new Map<string, { at: number; leftOut: number }>();
  return (error: DomainError, requestId: string): void => {
    const before = last.get(error.code);
    if (before && now() - before.at < REPORT_EVERY_MS) {
      before.leftOut++;
      return;
    }
    last.set(error.code, { at: now(), leftOut: 0 });
    const leftOut = before?.leftOut ?? 0;
    report(
      { err: error.cause, request_id: requestId, ...(leftOut > 0 && { left_out: leftOut }) },
      error.message,
    );
  };
}
