import { randomUUID } from 'node:crypto';
import type { Counter } from '@terse/cache/counter';
import type { CounterRepository, Drift } from '@terse/repository/counter-repository';
import type { Clock } from './clock.ts';
import type { Metrics } from './metrics.ts';
import type { ShortCode } from './short-code.ts';

/** Brings visit counts from the counter to the links, and back in line with the rollups. */
export interface CounterService {
  /**
   * Applies what was counted so far. Any number may run at once and any may be killed anywhere: a batch counts once.
   * @returns how many visits were applied.
   */
  flush(): Promise<number>;
  /**
   * Makes counts equal their rollups, whatever was lost on the way. Visits that are still in the queue or in memory look
   * like a difference too, but pass: only what is different twice, `settleMs` apart, is corrected.
   * @returns how many links were corrected.
   */
  reconcile(settleMs: number): Promise<number>;
}

export interface CounterServiceOptions {
  readonly counter: Pick<Counter, 'freeze' | 'settle' | 'pending'>;
  readonly repository: CounterRepository;
  readonly clock: Clock;
  readonly metrics: Pick<Metrics, 'countsFlushed' | 'countsReconciled'>;
}

/** A flush first finishes what another left behind, then takes what has gathered since. */
const FLUSH_ROUNDS = 2;

export function createCounterService(options: CounterServiceOptions): CounterService {
  const { counter, repository, clock, metrics } = options;

  async function flush(): Promise<number> {
    let flushed = 0;
    for (let round = 0; round < FLUSH_ROUNDS; round++) {
      const batches = await counter.freeze();
      for (const batch of batches) {
        if (await repository.apply(batch)) flushed += sum(batch.deltas.values());
        await counter.settle(batch.id);
      }
    }
    metrics.countsFlushed(flushed);
    return flushed;
  }

  async function drifts(): Promise<Drift[]> {
    return repository.drifts(await counter.pending());
  }

  return {
    flush,
    reconcile: async (settleMs) => {
      const before = await drifts();
      if (before.length === 0) return 0;
      await clock.sleep(settleMs);
      const deltas = persistent(before, await drifts());
      if (deltas.size === 0) return 0;
      await repository.apply({ id: `reconcile:${randomUUID()}`, deltas });
      metrics.countsReconciled(deltas.size);
      return deltas.size;
    },
  };
}

/** The part of each difference that both measurements share. */
function persistent(before: readonly Drift[], after: readonly Drift[]): Map<ShortCode, number> {
  const earlier = new Map(before.map(({ short_code, drift }) => [short_code, drift]));
  const shared = new Map<ShortCode, number>();
  for (const { short_code, drift } of after) {
    const first = earlier.get(short_code);
    if (first === undefined || Math.sign(first) !== Math.sign(drift)) continue;
    shared.set(short_code, Math.sign(drift) * Math.min(Math.abs(first), Math.abs(drift)));
  }
  return shared;
}

function sum(numbers: Iterable<number>): number {
  let total = 0;
  for (const number of numbers) total += number;
  return total;
}
