import pTimeout from 'p-timeout';

const KEPT_MS = 3000;
const TIMEOUT_MS = 1000;

/** Asks once for all who want to know within three seconds, and waits a second for the answer. A failure is kept, too. */
export function rememberBriefly<T>(ask: () => Promise<T>): () => Promise<T> {
  let answer: Promise<T> | undefined;
  let askedAt = Number.NEGATIVE_INFINITY;
  return () => {
    const now = performance.now();
    if (answer && now - askedAt < KEPT_MS) return answer;
    askedAt = now;
    answer = pTimeout(ask(), { milliseconds: TIMEOUT_MS });
    return answer;
  };
}
