import { createTimeLimit } from '@terse/platform/time-limit';

const KEPT_MS = 3000;
const TIMEOUT_MS = 1000;
const limit = createTimeLimit(TIMEOUT_MS);

/** Shares one answer for three seconds, and waits a second for it. Failures are shared too. */
export function rememberBriefly<T>(ask: () => Promise<T>): () => Promise<T> {
  let answer: Promise<T> | undefined;
  let askedAt = Number.NEGATIVE_INFINITY;
  return () => {
    const now = performance.now();
    if (answer && now - askedAt < KEPT_MS) return answer;
    askedAt = now;
    answer = limit(ask());
    return answer;
  };
}
