import fc from 'fast-check';
import { beforeEach, expect, test } from 'vitest';
import { systemClock } from '@terse/platform/clock';
import { INTERVALS, type Interval } from '@terse/core/stats/interval';
import type { ShortCode } from '@terse/core/links/short-code';
import { createStatsService, type LinkStats } from '@terse/core/stats/stats-service';
import { createTestClock } from '@terse/platform/test-clock';
import { testLink } from '@terse/core/links/test-link';
import { testVisitAt } from '@terse/core/visits/test-visit';
import { createVisitDescriber, type DescribedVisit } from '@terse/core/visits/visit-description';
import { createRollupMerger } from '@terse/core/stats/rollup-merger';
import { DIMENSIONS } from '@terse/core/stats/rollup';
import type { OpenDatabase } from './open-database.ts';
import { createRollupRepository } from './rollup-repository.ts';
import { createLinkRepository } from './link-repository.ts';
import { createVisitRepository } from './visit-repository.ts';
import { HOUR_MS } from '@terse/platform/durations';

/** What reports promise on every database; `database` is migrated and empty before each test. */
export function describeStats(database: () => OpenDatabase): void {
  const code = 'hello' as ShortCode;
  const other = 'other' as ShortCode;
  const describeVisit = createVisitDescriber();

  beforeEach(async () => {
    const links = createLinkRepository({ db: database().db, clock: createTestClock() });
    for (const short_code of [code, other]) await links.create({ ...testLink, tags: [], short_code });
  });

  function setUp() {
    const { db } = database();
    const rollups = createRollupRepository({ db });
    const visits = createVisitRepository({ db });
    const links = createLinkRepository({ db, clock: systemClock });
    const stats = createStatsService({ links, rollups, visits, clock: createTestClock() });
    const merger = (batchesAtOnce: number) => createRollupMerger({ repository: rollups, batchesAtOnce });
    return { rollups, visits, stats, merger };
  }

  const FIRST = Date.parse('2026-09-28T00:00:00Z');
  const DAYS = 57;

  /** Instants that are often on a boundary, or next to one. */
  const instants = fc.oneof(
    fc.integer({ min: 0, max: DAYS * 24 * HOUR_MS }),
    fc
      .tuple(fc.integer({ min: 0, max: DAYS * 24 }), fc.constantFrom(-1, 0, 1))
      .map(([hour, ms]) => Math.max(0, hour * HOUR_MS + ms)),
    fc
      .tuple(fc.integer({ min: 0, max: DAYS }), fc.constantFrom(-1, 0, 1))
      .map(([day, ms]) => Math.max(0, day * 24 * HOUR_MS + ms)),
  );

  const anyVisit = fc.record({
    at: instants,
    short_code: fc.oneof({ weight: 9, arbitrary: fc.constant(code) }, fc.constant(other)),
    referrer: fc.constantFrom(
      null,
      'https://www.news.example/a?b',
      'http://NEWS.example:8080/c',
      'https://user:secret@news.example/',
      'https://(other)/',
      'https://a.example\\b',
      'android-app://com.example.app/',
      'not a URL',
      ...Array.from({ length: 12 }, (_, index) => `https://site${index}.example/`),
    ),
    user_agent: fc.constantFrom(
      null,
      'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0',
      'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/153.0.0.0 Safari/537.36',
      'Mozilla/5.0 (iPhone; CPU iPhone OS 18_7 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/26.6 Mobile/15E148 Safari/604.1',
    ),
    country: fc.constantFrom(null, 'DE', 'FR'),
    is_bot: fc.oneof({ weight: 3, arbitrary: fc.constant(false) }, fc.constant(true)),
  });

  const visitOf = ({ at, ...seen }: { at: number } & Partial<DescribedVisit>) =>
    describeVisit(testVisitAt(new Date(FIRST + at).toISOString(), seen));

  /** Checks an answer by counting visits one by one. */
  function expectRight(answer: LinkStats, all: readonly DescribedVisit[], limit: number): void {
    const { from, to, totals, series, breakdown } = answer;
    const lies = ({ timestamp }: DescribedVisit) => timestamp >= from.getTime() && timestamp < to.getTime();
    const ofLink = all.filter((visit) => visit.short_code === code && lies(visit));
    const people = ofLink.filter(({ is_bot }) => !is_bot);
    expect(totals).toEqual({ visits: people.length, bot_visits: ofLink.length - people.length });

    series.forEach(({ start, visits, bot_visits }, index) => {
      const next = series[index + 1]?.start ?? to;
      const inside = ofLink.filter(
        ({ timestamp }) => timestamp >= start.getTime() && timestamp < next.getTime(),
      );
      expect(visits + bot_visits).toBe(inside.length);
      expect(bot_visits).toBe(inside.filter(({ is_bot }) => is_bot).length);
    });
    const sum = (numbers: readonly number[]) => numbers.reduce((total, each) => total + each, 0);
    expect(sum(series.map(({ visits }) => visits))).toBe(totals.visits);

    for (const dimension of DIMENSIONS) {
      const field = dimension === 'referrer' ? 'referrer_host' : dimension;
      const named = Map.groupBy(
        people.filter((visit) => visit[field] !== null),
        (visit) => visit[field],
      );
      const rows = breakdown[dimension];
      expect(sum(rows.map(({ visits }) => visits))).toBe(totals.visits);
      const shown = rows.filter(({ value }) => !value.startsWith('('));
      expect(shown).toHaveLength(Math.min(limit, named.size));
      for (const { value, visits } of shown) expect(visits).toBe(named.get(value)?.length);
      const least = Math.min(...shown.map(({ visits }) => visits));
      const names = new Set<string | null>(shown.map(({ value }) => value));
      const hidden = [...named].filter(([value]) => !names.has(value)).map(([, visits]) => visits.length);
      expect(Math.max(0, ...hidden)).toBeLessThanOrEqual(least);
    }
  }

  const periods = fc
    .tuple(instants, instants, fc.constantFrom<Interval>(...INTERVALS), fc.constantFrom(1, 3, 10, 1000))
    .filter(([one, two]) => one !== two)
    .map(([one, two, interval, limit]) => ({
      from: new Date(FIRST + Math.min(one, two)),
      to: new Date(FIRST + Math.max(one, two)),
      interval,
      limit,
    }))
    .filter(({ from, to, interval }) => interval !== 'hour' || +to - +from < 990 * HOUR_MS);

  test('reports totals, series and breakdowns of the same visits, exactly those of any period', async () => {
    const { visits, stats, merger } = setUp();
    const all: DescribedVisit[] = [];
    let asked = 0;
    await fc.assert(
      fc.asyncProperty(
        fc.array(anyVisit, { minLength: 1, maxLength: 40 }),
        fc.nat(3),
        fc.array(periods, { minLength: 1, maxLength: 4 }),
        async (more, merged, queries) => {
          const batch = more.map(visitOf);
          await visits.insert(batch);
          all.push(...batch);
          if (merged > 0) await merger(merged).merge();
          for (const { limit, ...query } of queries) {
            const answer = await stats.summarise(code, { ...query, limit });
            expect({ from: answer.from, to: answer.to }).toEqual({ from: query.from, to: query.to });
            expectRight(answer, all, limit);
            asked++;
          }
        },
      ),
      // Visits stay across runs, so shrinking is impossible.
      { numRuns: 40, endOnFailure: true },
    );
    expect(asked).toBeGreaterThanOrEqual(40);
  });

  test('reports whole days when a period cuts one with too many visits, and says so', async () => {
    const { visits, stats } = setUp();
    const all = Array.from({ length: 5001 }, (_, index) =>
      visitOf({ at: index, referrer: `https://site${index}.example/` }),
    );
    await visits.insert([...all, visitOf({ at: 30 * HOUR_MS })]);
    const at = (ms: number) => new Date(FIRST + ms);
    const query = { interval: 'hour', limit: 10 } as const;
    const widened = await stats.summarise(code, { ...query, from: at(0), to: at(25 * HOUR_MS + 1) });
    expect(widened).toMatchObject({ from: at(0), to: at(25 * HOUR_MS + 1), totals: { visits: 5001 } });
    const cut = await stats.summarise(code, { ...query, from: at(0), to: at(10 * HOUR_MS) });
    expect(cut).toMatchObject({ from: at(0), to: at(24 * HOUR_MS), totals: { visits: 5001 } });
    expectRight(cut, all, 10);
    const less = await stats.summarise(code, { ...query, from: at(101), to: at(5001) });
    expect(less).toMatchObject({ from: at(101), to: at(5001), totals: { visits: 4900 } });
    expectRight(less, all, 10);
  });
}
