import { randomUUID } from 'node:crypto';
import type { Counter } from '@terse/cache/counter';
import type { Backlog } from '@terse/queue/queue';
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
   * Makes counts equal their rollups, whatever was lost on the way. Visits that are on their way look like a difference too,
   * but arrive: what was counted and is not stored `settleMs` later is taken back, and only if the writers had caught up
   * with the queue before. What is stored and not counted, before and after, is added.
   * @returns how many links were corrected.
   */
  reconcile(settleMs: number): Promise<number>;
}

export interface CounterServiceOptions {
  readonly counter: Pick<Counter, 'freeze' | 'settle' | 'pending'>;
  readonly repository: CounterRepository;
  readonly backlog: Pick<Backlog, 'waiting'>;
  readonly clock: Clock;
  readonly metrics: Pick<Metrics, 'countsFlushed' | 'countsReconciled'>;
}

/** A flush first finishes what another left behind, then takes what has gathered since. */
const FLUSH_ROUNDS = 2;

export function createCounterService(options: CounterServiceOptions): CounterService {
  const { counter, repository, backlog, clock, metrics } = options;

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

  /** As long as nobody knows, visits may be waiting. */
  async function haveWritersCaughtUp(): Promise<boolean> {
    try {
      return (await backlog.waiting()) === 0;
    } catch {
      return false;
    }
  }

  return {
    flush,
    reconcile: async (settleMs) => {
      const hadCaughtUp = await haveWritersCaughtUp();
      const before = await drifts();
      if (before.length === 0) return 0;
      await clock.sleep(settleMs);
      const deltas = corrections(before, await drifts(), hadCaughtUp);
      if (deltas.size === 0) return 0;
      await repository.apply({ id: `reconcile:${randomUUID()}`, deltas });
      metrics.countsReconciled(deltas.size);
      return deltas.size;
    },
  };
}

/**
 * What to add to each count. Visits are counted before they are stored, so what is missing from a count is missing. What a
 * count is ahead by is on its way, mostly, so it is compared with what was stored by the time it must have arrived.
 */
function corrections(
  before: readonly Drift[],
  after: readonly Drift[],
  mayTakeBack: boolean,
): Map<ShortCode, number> {
  const earlier = new Map(before.map((drift) => [drift.short_code, drift]));
  const deltas = new Map<ShortCode, number>();
  for (const { short_code, counted, stored } of after) {
    const first = earlier.get(short_code);
    if (!first) continue;
    const missing = Math.min(first.stored - first.counted, stored - counted);
    const surplus = first.counted - stored;
    if (missing > 0) deltas.set(short_code, missing);
    else if (surplus > 0 && mayTakeBack) deltas.set(short_code, -surplus);
  }
  return deltas;
}

function sum(numbers: Iterable<number>): number {
  let total = 0;
  for (const number of numbers) total += number;
  return total;
}
