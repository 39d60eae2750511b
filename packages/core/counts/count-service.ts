import { DAY_MS } from '@terse/platform/durations';
import type { Clock } from '@terse/platform/clock';
import type { Metrics } from '../metrics.ts';
import type { Counter, CounterRepository } from './ports.ts';

/** Adds the counts that the counter has gathered to the links. */
export interface CountService {
  /**
   * Applies the counts so far. Any number of calls may run at once, and any may be killed: a batch counts once.
   * @returns how many visits were applied.
   * @throws the error of the first batch that failed, after the others were applied.
   */
  flush(): Promise<number>;
  /**
   * Removes a bounded number of ledger entries that no batch needs any more. Call it after a successful flush, which
   * leaves no batch applied but unsettled.
   * @returns how many were removed.
   */
  prune(): Promise<number>;
}

export interface CountServiceOptions {
  readonly counter: Pick<Counter, 'freeze' | 'settle'>;
  readonly repository: CounterRepository;
  readonly clock: Pick<Clock, 'now'>;
  readonly metrics: Pick<Metrics, 'countsFlushed'>;
}

/** The first round finishes batches that another flush left behind; the second takes those that gathered since. */
const FLUSH_ROUNDS = 2;

const LEDGER_KEPT_MS = 30 * DAY_MS;
/** More than enough: a flush adds at most one entry for each of the 16 shards. */
const PRUNED_AT_ONCE = 2000;

export function createCountService(options: CountServiceOptions): CountService {
  const { counter, repository, clock, metrics } = options;
  return {
    flush: async () => {
      let flushed = 0;
      const failures: unknown[] = [];
      for (let round = 0; round < FLUSH_ROUNDS && failures.length === 0; round++) {
        for (const batch of await counter.freeze()) {
          try {
            if (await repository.apply(batch)) flushed += sum(batch.deltas.values());
            await counter.settle(batch.id);
          } catch (error) {
            failures.push(error);
          }
        }
      }
      metrics.countsFlushed(flushed);
      if (failures.length > 0) throw failures[0];
      return flushed;
    },
    prune: () => repository.prune(new Date(clock.now() - LEDGER_KEPT_MS), PRUNED_AT_ONCE),
  };
}

function sum(numbers: Iterable<number>): number {
  let total = 0;
  for (const number of numbers) total += number;
  return total;
}
