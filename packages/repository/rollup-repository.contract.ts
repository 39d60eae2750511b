import { sql } from 'kysely';
import { beforeEach, expect, test } from 'vitest';
import type { ShortCode } from '@terse/core/links/short-code';
import { systemClock } from '@terse/platform/clock';
import { createStatsService } from '@terse/core/stats/stats-service';
import { createTestClock } from '@terse/platform/test-clock';
import { testLink } from '@terse/core/links/test-link';
import { testVisitAt } from '@terse/core/visits/test-visit';
import type { DescribedVisit } from '@terse/core/visits/visit-description';
import { createRollupMerger } from '@terse/core/stats/rollup-merger';
import { createMonth } from '@terse/core/stats/rollup';
import { coverOf } from '@terse/core/stats/summary';
import type { OpenDatabase } from './open-database.ts';
import { createRollupRepository } from './rollup-repository.ts';
import { createLinkRepository } from './link-repository.ts';
import { createVisitRepository } from './visit-repository.ts';

/** What the repository of rollups promises on every database; `database` is migrated and empty before each test. */
export function describeRollupRepository(database: () => OpenDatabase): void {
  const codes = ['hello', 'other', 'third'] as ShortCode[];
  const [code = testLink.short_code] = codes;

  beforeEach(async () => {
    const links = createLinkRepository({ db: database().db, clock: createTestClock() });
    for (const short_code of codes) await links.create({ ...testLink, tags: [], short_code });
  });

  function setUp() {
    const { db } = database();
    const rollups = createRollupRepository({ db });
    const visits = createVisitRepository({ db });
    const links = createLinkRepository({ db, clock: systemClock });
    const stats = createStatsService({ links, rollups, visits, clock: createTestClock() });
    const merger = (batchesAtOnce = 10) => createRollupMerger({ repository: rollups, batchesAtOnce });
    return { db, rollups, visits, stats, merger };
  }

  const visitAt = (time: string, more: Partial<DescribedVisit> = {}) =>
    testVisitAt(time, { short_code: code, referrer_host: 'news.example', browser: 'Firefox', ...more });

  /** Batches of visits of all links, at the end of one month and the beginning of the next. */
  async function store({ visits }: Pick<ReturnType<typeof setUp>, 'visits'>, batches: number): Promise<void> {
    for (let batch = 0; batch < batches; batch++) {
      await visits.insert(
        codes.flatMap((short_code) => [
          visitAt('2026-10-31T23:59:59Z', { short_code, country: 'DE' }),
          visitAt('2026-11-01T00:00:00Z', { short_code, referrer_host: `h${batch % 3}.example` }),
          visitAt('2026-11-24T10:00:00Z', { short_code, browser: null, os: '__proto__' }),
          visitAt('2026-11-24T11:00:00Z', { short_code, is_bot: true }),
        ]),
      );
    }
  }

  const period = { from: new Date('2026-10-30T00:00:00Z'), to: new Date('2026-11-25T00:00:00Z') };
  const everything = async ({ stats }: Pick<ReturnType<typeof setUp>, 'stats'>) =>
    Promise.all(
      (['hour', 'day', 'week', 'month'] as const).flatMap((interval) =>
        codes.map((each) => stats.summarise(each, { ...period, interval })),
      ),
    );
  const left = async () => database().db.selectFrom('rollup_deltas').select('id').execute();

  test('gives the same report before deltas are merged, halfway and after', async () => {
    const fixture = setUp();
    await store(fixture, 7);
    const before = await everything(fixture);
    expect(before[0]?.totals).toEqual({ visits: 21, bot_visits: 7 });
    expect(before[3]?.series.map(({ visits }) => visits).filter(Boolean)).toEqual([7, 7, 7]);
    expect(before[0]?.breakdown).toEqual({
      referrer: [
        { value: 'news.example', visits: 14 },
        { value: 'h0.example', visits: 3 },
        { value: 'h1.example', visits: 2 },
        { value: 'h2.example', visits: 2 },
      ],
      country: [
        { value: 'DE', visits: 7 },
        { value: '(unknown)', visits: 14 },
      ],
      browser: [
        { value: 'Firefox', visits: 14 },
        { value: '(unknown)', visits: 7 },
      ],
      os: [
        { value: '__proto__', visits: 7 },
        { value: '(unknown)', visits: 14 },
      ],
      device: [{ value: '(unknown)', visits: 21 }],
    });
    expect(await left()).toHaveLength(21);
    const some = await fixture.rollups.waiting(11);
    const { merge } = createRollupMerger({
      repository: { ...fixture.rollups, waiting: (_limit, after) => Promise.resolve(after ? [] : some) },
      batchesAtOnce: 11,
    });
    expect(await merge()).toBe(11);
    expect(await left()).toHaveLength(10);
    expect(await everything(fixture)).toEqual(before);
    expect(await fixture.merger().merge()).toBe(10);
    expect(await left()).toEqual([]);
    expect(await everything(fixture)).toEqual(before);
    expect(await fixture.merger().merge()).toBe(0);
  });

  test('remembers a month until a merge changes it', async () => {
    const fixture = setUp();
    await store(fixture, 1);
    await fixture.merger().merge();
    const before = await everything(fixture);
    // As text: the driver would make a JSON string of the string.
    const data = sql<string>`${JSON.stringify(createMonth())}::text::json`;
    const change = database().db.updateTable('monthly_rollups').set({ data });
    await change.execute();
    expect(await everything(fixture)).toEqual(before);
    await change.set({ version: sql`version + 1` }).execute();
    expect((await fixture.stats.summarise(code, { ...period, interval: 'day' })).totals.visits).toBe(0);
  });

  test('never reports fewer visits while deltas are merged and visits stored', async () => {
    const fixture = setUp();
    const done = new AbortController();
    const storing = (async () => {
      for (let batch = 0; batch < 30; batch++) await fixture.visits.insert([visitAt('2026-11-24T12:00:00Z')]);
      done.abort();
    })();
    const merging = (async () => {
      while (!done.signal.aborted) await fixture.merger(3).merge();
    })();
    let seen = 0;
    while (!done.signal.aborted) {
      const { totals } = await fixture.stats.summarise(code, { ...period, interval: 'day' });
      expect(totals.visits).toBeGreaterThanOrEqual(seen);
      seen = totals.visits;
    }
    await Promise.all([storing, merging]);
    expect((await fixture.stats.summarise(code, { ...period, interval: 'day' })).totals.visits).toBe(30);
  });

  test('merges each delta once, also when several merge at once', async () => {
    const fixture = setUp();
    await store(fixture, 20);
    const before = await everything(fixture);
    const mergers = Array.from({ length: 5 }, () => fixture.merger(7));
    for (let rounds = 0; (await left()).length > 0 && rounds < 100; rounds++) {
      await Promise.all(mergers.map(({ merge }) => merge()));
    }
    expect(await left()).toEqual([]);
    expect(await everything(fixture)).toEqual(before);
  });

  test('refuses a merge of deltas that another has merged, or of months that another has changed', async () => {
    const fixture = setUp();
    await store(fixture, 2);
    const before = await everything(fixture);
    const [first, second] = await fixture.rollups.waiting(100);
    if (!first || !second) throw new Error('Nothing waits.');
    expect(first.shard).toBe(second.shard);
    const mergeOf = async (...batches: (typeof first)[]) => {
      let merge: Parameters<typeof fixture.rollups.merge>[0] | undefined;
      const repository = {
        ...fixture.rollups,
        waiting: () => Promise.resolve(batches),
        merge: (given: NonNullable<typeof merge>) => {
          merge = given;
          return Promise.resolve(true);
        },
      };
      await createRollupMerger({ repository, batchesAtOnce: 100 }).merge();
      if (!merge) throw new Error('There was no merge.');
      return merge;
    };
    const [ofOne, ofBoth, ofOther] = [
      await mergeOf(first),
      await mergeOf(first, second),
      await mergeOf(second),
    ];
    expect(await fixture.rollups.merge(ofOne)).toBe(true);
    expect(await fixture.rollups.merge(ofOne)).toBe(false);
    expect(await fixture.rollups.merge(ofBoth)).toBe(false);
    expect(await fixture.rollups.merge(ofOther)).toBe(false);
    expect(await everything(fixture)).toEqual(before);
  });

  test('lets one of several merge at a time', async () => {
    const fixture = setUp();
    await store(fixture, 20);
    const mergers = Array.from({ length: 8 }, () =>
      createRollupMerger({ repository: fixture.rollups, batchesAtOnce: 60 }),
    );
    const merged = await Promise.all(mergers.map(({ merge }) => merge()));
    expect(merged.reduce((sum, each) => sum + each, 0)).toBe(60);
    expect(merged.filter((each) => each > 0)).toHaveLength(1);
  });

  test('returns the batches after a position, and none after the last', async () => {
    const fixture = setUp();
    await store(fixture, 3);
    const waiting = await fixture.rollups.waiting(100);
    expect(waiting).toHaveLength(9);
    expect(await fixture.rollups.waiting(2, waiting[4])).toEqual(waiting.slice(5, 7));
    expect(await fixture.rollups.waiting(2, waiting.at(-1))).toEqual([]);
  });

  test('reads deleted links and those without visits, and no unknown codes', async () => {
    const { rollups, db } = setUp();
    await createLinkRepository({ db, clock: systemClock }).remove(code);
    const cover = coverOf(period);
    const cut = { hours: [], referrers: [], countries: [], userAgents: [] };
    expect(await rollups.read(code, cover, true)).toEqual({ months: [], deltas: [], hours: [], cut });
    expect(await rollups.read('never' as ShortCode, cover, true)).toBeUndefined();
  });
}
