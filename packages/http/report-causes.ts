import type { DomainError } from '@terse/core/errors';

type Report = (details: Readonly<Record<string, unknown>>, message: string) => void;

const REPORT_EVERY_MS = 5000;

/**
 * Logs what is behind an error that callers are told: one line in five seconds for each code, which says how many were
 * left out. A function that is down would fill the log with as many lines as it has callers.
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
