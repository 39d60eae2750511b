import { createMemoryCounter } from '@terse/cache/memory-counter';
import { type CountReconciliation, createCountReconciliation } from '@terse/core/counts/count-reconciliation';
import { createCountService } from '@terse/core/counts/count-service';
import type { Counter } from '@terse/core/counts/ports';
import type { ShortCode } from '@terse/core/links/short-code';
import { testLink } from '@terse/core/links/test-link';
import { createRollupMerger, type RollupMerger } from '@terse/core/stats/rollup-merger';
import { createTestMetrics } from '@terse/core/test-metrics';
import { testVisitAt } from '@terse/core/visits/test-visit';
import type { DescribedVisit } from '@terse/core/visits/visit-description';
import { HOUR_MS } from '@terse/platform/durations';
import { createTestClock } from '@terse/platform/test-clock';
import { createCountDifferenceRepository } from '@terse/repository/count-difference-repository';
import { createCounterRepository } from '@terse/repository/counter-repository';
import { createLinkRepository } from '@terse/repository/link-repository';
import type { OpenDatabase } from '@terse/repository/open-database';
import { createRollupRepository } from '@terse/repository/rollup-repository';
import { emptyDatabase } from '@terse/repository/test-database';
import { createVisitRepository } from '@terse/repository/visit-repository';
import { vi } from 'vitest';

export const WINDOW_MS = 24 * HOUR_MS;
export const CODES = ['a', 'b', 'c'] as ShortCode[];

/** The step at which a flush is killed. */
export type Death = 'freeze' | 'apply' | 'settle';

/** Counts and stores visits; a test may delay, lose or kill anything. */
export class Counting {
  readonly clock = createTestClock();
  /** Visits that are recorded and not stored yet. */
  readonly onTheWay: DescribedVisit[] = [];
  readonly recorded = new Map<ShortCode, number>(CODES.map((code) => [code, 0]));
  readonly backlog = { waiting: vi.fn(() => Promise.resolve(0)) };
  readonly overflow = { peek: vi.fn(() => Promise.resolve<{ id: string; body: string }[]>([])) };
  /** What other processes do while a reconciliation waits. */
  readonly meanwhile: (() => Promise<unknown>)[] = [];
  readonly counter: Counter = {
    add: (...given) => this.#counter.add(...given),
    freeze: () => this.#counter.freeze(),
    settle: (id) => this.#counter.settle(id),
    pending: (codes) => this.#counter.pending(codes),
  };
  readonly #db: OpenDatabase['db'];
  readonly #merger: RollupMerger;
  readonly #metrics = createTestMetrics();
  #counter: Counter;
  #additions = 0;

  constructor({ db }: OpenDatabase) {
    this.#db = db;
    this.#counter = createMemoryCounter({ clock: this.clock });
    this.#merger = createRollupMerger({ repository: createRollupRepository({ db }), batchesAtOnce: 2 });
  }

  async record(code: ShortCode, times: number): Promise<void> {
    this.recorded.set(code, (this.recorded.get(code) ?? 0) + times);
    for (let time = 0; time < times; time++) {
      this.onTheWay.push(testVisitAt('2026-11-24T12:00:00Z', { short_code: code }));
    }
    await this.counter.add(`${this.#additions++}`, new Map([[code, times]]));
  }

  store(some: number): Promise<unknown> {
    return createVisitRepository({ db: this.#db }).insert(this.onTheWay.splice(0, some));
  }

  deliverAgain(some: number): Promise<unknown> {
    return createVisitRepository({ db: this.#db }).insert(this.onTheWay.slice(0, some));
  }

  /** Loses all counts in the counter. */
  wipe(): void {
    this.#counter = createMemoryCounter({ clock: this.clock });
  }

  flush(dies?: Death): Promise<number> {
    const counters = createCounterRepository({ db: this.#db, clock: this.clock });
    const mortal = async <T>(step: Death, work: () => Promise<T>): Promise<T> => {
      if (dies === step && step !== 'apply') throw new Error('killed');
      const done = await work();
      if (dies === step) throw new Error('killed');
      return done;
    };
    const service = createCountService({
      counter: {
        freeze: () => mortal('freeze', () => this.counter.freeze()),
        settle: (id) => mortal('settle', () => this.counter.settle(id)),
      },
      repository: { ...counters, apply: (batch) => mortal('apply', () => counters.apply(batch)) },
      clock: this.clock,
      metrics: this.#metrics,
    });
    return service.flush().catch(() => 0);
  }

  merge(): Promise<unknown> {
    return this.#merger.merge();
  }

  reconciliation(): CountReconciliation {
    return createCountReconciliation({
      counter: this.counter,
      repository: createCountDifferenceRepository({ db: this.#db, clock: this.clock }),
      backlog: this.backlog,
      overflow: this.overflow,
      clock: {
        sleep: async () => {
          for (const act of this.meanwhile.splice(0)) await act();
        },
      },
      metrics: this.#metrics,
      takeBackAfterMs: WINDOW_MS,
      linksAtOnce: 2,
    });
  }

  async tick(): Promise<void> {
    await this.flush();
    await this.merge();
    const { restore, takeBack } = this.reconciliation();
    await restore(8000);
    await takeBack();
  }

  /** The counts that callers of the API see. */
  async shown(): Promise<Map<ShortCode, number>> {
    const links = createLinkRepository({ db: this.#db, clock: this.clock });
    const shown = await links.read(CODES, await this.counter.pending(CODES));
    return new Map(shown.map((link) => [link.short_code, link.visit_count]));
  }

  async stored(): Promise<Map<ShortCode, number>> {
    const rows = await this.#db
      .selectFrom('visits')
      .select(['short_code', ({ fn }) => fn.countAll<number>().as('visits')])
      .groupBy('short_code')
      .execute();
    return new Map(
      CODES.map((code) => [code, rows.find(({ short_code }) => short_code === code)?.visits ?? 0]),
    );
  }
}

/** Starts with links that have no visits. */
export async function openCounting(database: OpenDatabase): Promise<Counting> {
  await emptyDatabase(database.db);
  const counting = new Counting(database);
  const links = createLinkRepository({ db: database.db, clock: counting.clock });
  for (const short_code of CODES) await links.create({ ...testLink, tags: [], short_code });
  return counting;
}
