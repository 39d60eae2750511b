import DataLoader from 'dataloader';

/** A larger batch would hold up other callers. */
export const MAX_BATCH_SIZE = 100;

/**
 * Makes a function of one thing from one of many. The calls of one turn of the event loop go to `all` together, a
 * hundred at a time. `all` answers each in its place, with an error where one failed; when it throws, all calls fail.
 */
export function batched<T, R>(
  all: (things: readonly T[]) => Promise<readonly (R | Error)[]>,
): (thing: T) => Promise<R> {
  const loader = new DataLoader<T, R>(all, {
    cache: false,
    maxBatchSize: MAX_BATCH_SIZE,
    batchScheduleFn: (next) => setImmediate(next),
  });
  return (thing) => loader.load(thing);
}
