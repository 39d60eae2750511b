import { bulkhead, circuitBreaker, ConsecutiveBreaker, handleAll, wrap } from 'cockatiel';
import { createTimeLimit } from '@terse/platform/time-limit';

export interface GuardOptions {
  /** How long a call may take before it counts as failed; without it, the call bounds its own time. */
  readonly timeoutMs?: number;
  /** How many calls may be under way at once, and how many may wait for their turn; more fail at once. */
  readonly maxConcurrent: number;
  readonly maxWaiting: number;
}

/** Calls a backing service, or fails at once. */
export type Guard = <T>(call: () => Promise<T>) => Promise<T>;

const FAILURES_BEFORE_OPENING = 5;
const TRY_AGAIN_AFTER_MS = 1000;

/**
 * Protects callers from a backing service that is slow or down. It bounds calls in time and number. After five failures
 * in a row, calls fail without being made, except one each second that tries whether the service is back.
 */
export function createGuard({ timeoutMs, maxConcurrent, maxWaiting }: GuardOptions): Guard {
  const policy = wrap(
    // Outermost: a call that found no place says nothing about the service.
    bulkhead(maxConcurrent, maxWaiting),
    circuitBreaker(handleAll, {
      halfOpenAfter: TRY_AGAIN_AFTER_MS,
      breaker: new ConsecutiveBreaker(FAILURES_BEFORE_OPENING),
    }),
  );
  if (timeoutMs === undefined) return (call) => policy.execute(call);
  const limit = createTimeLimit(timeoutMs);
  return (call) => policy.execute(() => limit(call()));
}
