import { createTimeLimit } from '@terse/platform/time-limit';

const REMEMBERED_MS = 3000;
const TIMEOUT_MS = 1000;
const limit = createTimeLimit(TIMEOUT_MS);

/** Shares one answer, or one failure, for three seconds. Waits at most a second for it. */
export function rememberBriefly<T>(ask: () => Promise<T>): () => Promise<T> {
  let answer: Promise<T> | undefined;
  let askedAt = Number.NEGATIVE_INFINITY;
  return () => {
    const now = performance.now();
    if (answer && now - askedAt < REMEMBERED_MS) return answer;
    askedAt = now;
    answer = limit(ask());
    return answer;
  };
}
