import assert from 'node:assert/strict';
import { createMemoryCounter } from '@terse/cache/memory-counter';
import { createCountReconciliation } from '@terse/core/counts/count-reconciliation';
import { createCountService } from '@terse/core/counts/count-service';
import type { ShortCode } from '@terse/core/links/short-code';
import { createTestClock } from '@terse/platform/test-clock';
import { testLink } from '@terse/core/links/test-link';
import { createTestMetrics } from '@terse/core/test-metrics';
import { testVisitAt } from '@terse/core/visits/test-visit';
import type { DescribedVisit } from '@terse/core/visits/visit-description';
import { createRollupMerger } from '@terse/core/stats/rollup-merger';
import { createCountDifferenceRepository } from '@terse/repository/count-difference-repository';
import { createCounterRepository } from '@terse/repository/counter-repository';
import type { OpenDatabase } from '@terse/repository/open-database';
import { createRollupRepository } from '@terse/repository/rollup-repository';
import { emptyDatabase, openTestDatabase } from '@terse/repository/test-database';
import { createLinkRepository } from '@terse/repository/link-repository';
import { createVisitRepository } from '@terse/repository/visit-repository';
import fc from 'fast-check';
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import type { Counter } from '@terse/core/counts/ports';
import { HOUR_MS } from '@terse/platform/durations';

const WINDOW_MS = 24 * HOUR_MS;
const RUNS = 25;
const CODES = ['a', 'b', 'c'] as ShortCode[];

let database: OpenDatabase;
beforeAll(async () => {
  database = await openTestDatabase();
});
afterAll(() => database.close());

/** Counting and storing of visits, where anything may be late, lost or killed. */
async function openWorld() {
  const { db } = database;
  await emptyDatabase(db);
  const clock = createTestClock();
  const links = createLinkRepository({ db, clock });
  for (const short_code of CODES) await links.create({ ...testLink, tags: [], short_code });

  let counter: Counter = createMemoryCounter({ clock });
  const forwarded: Counter = {
    add: (...given) => counter.add(...given),
    freeze: () => counter.freeze(),
    settle: (id) => counter.settle(id),
    pending: (codes) => counter.pending(codes),
  };
  const counters = createCounterRepository({ db, clock });
  const visits = createVisitRepository({ db });
  const metrics = createTestMetrics();
  const merger = createRollupMerger({ repository: createRollupRepository({ db }), batchesAtOnce: 2 });
  const onTheWay: DescribedVisit[] = [];
  const recorded = new Map<ShortCode, number>(CODES.map((code) => [code, 0]));
  let additions = 0;

  const world = {
    clock,
    onTheWay,
    recorded,
    backlog: { waiting: vi.fn(() => Promise.resolve(0)) },
    overflow: { peek: vi.fn(() => Promise.resolve<{ id: string; body: string }[]>([])) },
    forwarded,
    /** Acts of others while a reconciliation waits. */
    meanwhile: [] as (() => Promise<unknown>)[],
    record: async (code: ShortCode, times: number) => {
      recorded.set(code, (recorded.get(code) ?? 0) + times);
      for (let time = 0; time < times; time++) {
        onTheWay.push(testVisitAt('2026-11-24T12:00:00Z', { short_code: code }));
      }
      await forwarded.add(`${additions++}`, new Map([[code, times]]));
    },
    store: (some: number) => visits.insert(onTheWay.splice(0, some)),
    deliverAgain: async (some: number) => {
      const given = onTheWay.slice(0, some);
      await visits.insert(given);
    },
    wipe: () => {
      counter = createMemoryCounter({ clock });
    },
    flush: (dies?: 'freeze' | 'apply' | 'settle') => {
      const die = (): never => {
        throw new Error('killed');
      };
      const service = createCountService({
        counter: {
          freeze: async () => (dies === 'freeze' ? die() : forwarded.freeze()),
          settle: async (id) => (dies === 'settle' ? die() : forwarded.settle(id)),
        },
        repository: {
          ...counters,
          apply: async (batch) => {
            const applied = await counters.apply(batch);
            return dies === 'apply' ? die() : applied;
          },
        },
        clock,
        metrics,
      });
      return service.flush().catch(() => 0);
    },
    merge: () => merger.merge(),
    reconciliation: () =>
      createCountReconciliation({
        counter: forwarded,
        repository: createCountDifferenceRepository({ db, clock }),
        backlog: world.backlog,
        overflow: world.overflow,
        clock: {
          sleep: async () => {
            for (const act of world.meanwhile.splice(0)) await act();
          },
        },
        metrics,
        takeBackAfterMs: WINDOW_MS,
        linksAtOnce: 2,
      }),
    tick: async () => {
      await world.flush();
      await world.merge();
      const { restore, takeBack } = world.reconciliation();
      await restore(8000);
      await takeBack();
    },
    shown: async () => {
      const shown = await links.read(CODES, await forwarded.pending(CODES));
      return new Map(shown.map((link) => [link.short_code, link.visit_count]));
    },
    stored: async () => {
      const rows = await db
        .selectFrom('visits')
        .select(['short_code', ({ fn }) => fn.countAll<number>().as('visits')])
        .groupBy('short_code')
        .execute();
      return new Map(
        CODES.map((code) => [code, rows.find(({ short_code }) => short_code === code)?.visits ?? 0]),
      );
    },
  };
  return world;
}
type World = Awaited<ReturnType<typeof openWorld>>;

const code = fc.constantFrom(...CODES);
const some = fc.integer({ min: 1, max: 5 });
type Act = readonly [name: string, act: (world: World) => Promise<unknown>];
const simple = fc.oneof(
  {
    weight: 4,
    arbitrary: fc
      .tuple(code, some)
      .map(([of, times]): Act => [`record ${of} ${times}`, (world) => world.record(of, times)]),
  },
  { weight: 3, arbitrary: some.map((times): Act => [`store ${times}`, (world) => world.store(times)]) },
  {
    weight: 1,
    arbitrary: some.map((times): Act => [`deliver again ${times}`, (world) => world.deliverAgain(times)]),
  },
  {
    weight: 1,
    arbitrary: some.map((times): Act => [`lose ${times}`, async (world) => world.onTheWay.splice(0, times)]),
  },
  {
    weight: 2,
    arbitrary: fc
      .constantFrom(undefined, 'freeze' as const, 'apply' as const, 'settle' as const)
      .map((dies): Act => [`flush ${dies ?? ''}`, (world) => world.flush(dies)]),
  },
  { weight: 2, arbitrary: fc.constant<Act>(['merge', (world) => world.merge()]) },
  { weight: 1, arbitrary: fc.constant<Act>(['wipe', async (world) => world.wipe()]) },
  {
    weight: 1,
    arbitrary: fc.constant<Act>(['look and take back', (world) => world.reconciliation().takeBack()]),
  },
  { weight: 1, arbitrary: fc.constant<Act>(['a day', async (world) => world.clock.advance(WINDOW_MS)]) },
  { weight: 1, arbitrary: fc.constant<Act>(['restore', (world) => world.reconciliation().restore(0)]) },
  {
    weight: 1,
    arbitrary: fc.constant<Act>([
      'restore, killed',
      (world) => {
        world.meanwhile.unshift(() => Promise.reject(new Error('killed')));
        return world
          .reconciliation()
          .restore(0)
          .catch(() => 0)
          .finally(() => world.meanwhile.splice(0));
      },
    ]),
  },
);
/** A tick of one process, while others act during its wait. */
const tick = fc.array(simple, { maxLength: 3 }).map((acts): Act => [
  `tick (${acts.map(([name]) => name).join(', ')})`,
  async (world) => {
    const before = await world.stored();
    world.meanwhile.push(
      ...acts.map(
        ([, act]) =>
          () =>
            act(world),
      ),
    );
    await world.tick();
    for (const act of world.meanwhile.splice(0)) await act();
    if (acts.some(([name]) => /wipe|take back/.test(name))) return;
    const shown = await world.shown();
    for (const each of CODES) {
      const late = (before.get(each) ?? 0) - (shown.get(each) ?? 0);
      assert.ok(late <= 0, `${each} lacks ${late} visits that were stored before the tick`);
    }
  },
]);
const acts = fc.array(fc.oneof({ weight: 5, arbitrary: simple }, { weight: 1, arbitrary: tick }), {
  minLength: 5,
  maxLength: 40,
});

describe('whatever is late, lost or killed', () => {
  test(
    'a tick later every count has what was stored, never more than was visited, and in the end just that',
    { timeout: 180_000 },
    async () => {
      await fc.assert(
        fc.asyncProperty(acts, async (given) => {
          const world = await openWorld();
          for (const [name, act] of given) {
            await act(world);
            for (const [each, shown] of await world.shown()) {
              expect(shown, `${each} after ${name}`).toBeLessThanOrEqual(world.recorded.get(each) ?? 0);
            }
          }
          await world.store(world.onTheWay.length);
          await world.tick();
          const stored = await world.stored();
          for (const [each, shown] of await world.shown()) {
            expect(shown).toBeGreaterThanOrEqual(stored.get(each) ?? 0);
          }
          // A surplus that grew after it was first seen is taken back with the second window.
          for (let windows = 0; windows < 2; windows++) {
            for (let ticks = 0; ticks < 3; ticks++) await world.tick();
            world.clock.advance(WINDOW_MS);
          }
          await world.tick();
          expect(await world.shown()).toEqual(stored);
        }),
        { numRuns: RUNS },
      );
    },
  );
});

describe('a count', () => {
  const [a = 'a' as ShortCode] = CODES;
  let world: World;
  beforeEach(async () => {
    world = await openWorld();
  });
  const shown = async () => (await world.shown()).get(a);

  /** Ticks for a day. */
  async function passDay(): Promise<void> {
    await world.tick();
    world.clock.advance(WINDOW_MS);
    await world.tick();
    await world.tick();
  }

  test('keeps visits that a stopped writer or a switched-off disk holds, for a day', async () => {
    await world.record(a, 150);
    for (let hours = 0; hours < 23; hours++) {
      await world.tick();
      world.clock.advance(HOUR_MS);
      expect(await shown()).toBe(150);
    }
    await world.store(150);
    await world.tick();
    await passDay();
    expect(await shown()).toBe(150);
  });

  test.each([
    ['the queue', (w: World) => w.backlog.waiting.mockResolvedValue(1)],
    ['a queue that does not answer', (w: World) => w.backlog.waiting.mockRejectedValue(new Error('down'))],
    ['the overflow', (w: World) => w.overflow.peek.mockResolvedValue([{ id: '1', body: '[]' }])],
    ['an overflow that does not answer', (w: World) => w.overflow.peek.mockRejectedValue(new Error('down'))],
  ])('keeps visits for as long as some wait in %s', async (_, wait) => {
    wait(world);
    await world.record(a, 5);
    for (let days = 0; days < 5; days++) await passDay();
    expect(await shown()).toBe(5);
  });

  test('that was taken back of visits that come after all has them with the next tick', async () => {
    await world.record(a, 5);
    await passDay();
    expect(await shown()).toBe(0);
    await world.store(5);
    await world.tick();
    expect(await shown()).toBe(5);
  });

  test('has what Redis lost with the next tick', async () => {
    await world.record(a, 5);
    world.wipe();
    expect(await shown()).toBe(0);
    await world.store(5);
    await world.tick();
    expect(await shown()).toBe(5);
  });

  test('has visits once that a redirect brings to the counter after they are stored', async () => {
    vi.spyOn(world.forwarded, 'add').mockResolvedValueOnce();
    await world.record(a, 5);
    await world.store(5);
    await world.merge();
    world.meanwhile.push(() => world.forwarded.add('late', new Map([[a, 5]])));
    await world.tick();
    expect(world.meanwhile).toEqual([]);
    expect(await shown()).toBe(5);
  });

  test('is restored by the next tick when a tick is aborted while it waits', async () => {
    await world.record(a, 5);
    world.wipe();
    await world.store(5);
    await world.merge();
    const stopping = new AbortController();
    world.meanwhile.push(() => {
      stopping.abort();
      return Promise.resolve();
    });
    expect(await world.reconciliation().restore(8000, stopping.signal)).toBe(0);
    expect(await shown()).toBe(0);
    await world.tick();
    expect(await shown()).toBe(5);
  });

  test('is not restored by a guess while the counter does not say what is pending', async () => {
    await world.record(a, 5);
    await world.store(5);
    await world.merge();
    vi.spyOn(world.forwarded, 'pending').mockRejectedValueOnce(new Error('down'));
    await expect(world.reconciliation().restore(0)).rejects.toThrow('down');
    await world.tick();
    expect(await shown()).toBe(5);
  });
});
