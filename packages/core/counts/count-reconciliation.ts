import type { Clock } from '@terse/platform/clock';
import type { Metrics } from '../metrics.ts';
import type { ShortCode } from '../links/short-code.ts';
import type { Counter, CountDifferenceRepository, TakenBack } from './ports.ts';
import type { OverflowQueue, Backlog } from '../visits/ports.ts';

/** Brings counts back in line with stored visits. Its state is in the database: many may run at once, or be killed. */
export interface CountReconciliation {
  /**
   * Adds stored visits that two looks, `graceMs` apart, both find missing from the count. The wait gives time to a
   * redirect that could not reach the counter. An aborted call leaves the rest to the next one.
   * @returns how many links it changed.
   * @throws Error when the counter does not answer what is pending.
   */
  restore(graceMs: number, signal?: AbortSignal): Promise<number>;
  /**
   * Looks for counts that are ahead, of some links at a time, and takes back surpluses that have lasted for the whole
   * window. A younger surplus may be visits that a writer has not acknowledged, or that lie on a disk that is off.
   */
  takeBack(): Promise<TakenBack>;
}

export interface CountReconciliationOptions {
  readonly counter: Pick<Counter, 'pending'>;
  readonly repository: CountDifferenceRepository;
  readonly backlog: Pick<Backlog, 'waiting'>;
  readonly overflow: Pick<OverflowQueue, 'peek'> | undefined;
  readonly clock: Pick<Clock, 'sleep'>;
  readonly metrics: Pick<Metrics, 'countsReconciled'>;
  readonly takeBackAfterMs: number;
  /** How many links one call looks at. */
  readonly linksAtOnce: number;
}

const COMPARED_AT_ONCE = 1000;
/** Bounds one call, because the next flush waits for it. */
const MAX_ROUNDS = 200;

type Missing = ReadonlyMap<ShortCode, number>;

export function createCountReconciliation(options: CountReconciliationOptions): CountReconciliation {
  const { counter, repository, backlog, overflow, clock, metrics, takeBackAfterMs, linksAtOnce } = options;

  async function look(signal?: AbortSignal): Promise<Missing[]> {
    const found: Missing[] = [];
    let after: ShortCode | undefined;
    for (let round = 0; round < MAX_ROUNDS; round++) {
      if (signal?.aborted) break;
      const { codes, next } = await repository.behind(COMPARED_AT_ONCE, after);
      if (codes.length > 0) {
        // Read before the database: a batch that is applied in between is then in the ledger.
        const pending = await counter.pending(codes);
        const missing = await repository.missing(codes, pending);
        if (missing.size > 0) found.push(missing);
      }
      if (!next) break;
      after = next;
    }
    return found;
  }

  /** A failed look-up counts as a backlog. */
  async function isAtRest(): Promise<boolean> {
    try {
      return (await backlog.waiting()) === 0 && !(await overflow?.peek(1))?.length;
    } catch {
      return false;
    }
  }

  return {
    restore: async (graceMs, signal) => {
      const found = await look(signal);
      if (found.length === 0) return 0;
      await clock.sleep(graceMs, signal);
      if (signal?.aborted) return 0;
      let links = 0;
      for (const missing of found) {
        links += await repository.restore(missing, await counter.pending([...missing.keys()]));
      }
      metrics.countsReconciled(links);
      return links;
    },

    takeBack: async () => {
      await repository.walk(linksAtOnce);
      await repository.noteBacklog(await isAtRest());
      const taken = await repository.takeBack(takeBackAfterMs, COMPARED_AT_ONCE);
      metrics.countsReconciled(taken.links);
      return taken;
    },
  };
}
