import DataLoader from 'dataloader';

/** More would hold up who is behind them. */
export const MAX_BATCH_SIZE = 100;

/**
 * A function of one thing that is done for many at once: what it is called with in one turn of the event loop goes to
 * `all`, a hundred at a time. `all` answers each in its place, with an error where one has failed; when it throws, all
 * have.
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
