import fc from 'fast-check';
import { beforeEach, describe, expect, test } from 'vitest';
import { v7 as uuidv7 } from 'uuid';
import type { ShortCode } from '@terse/core/short-code';
import { createTestClock } from '@terse/core/test-clock';
import { testLink } from '@terse/core/test-link';
import { visitSchema } from '@terse/core/visit';
import { createVisitDescriber, type DescribedVisit } from '@terse/core/visit-description';
import type { OpenDatabase } from './open-database.ts';
import { createUrlRepository } from './url-repository.ts';
import { createVisitRepository } from './visit-repository.ts';

/** What the repository of visits promises on every database; `database` is migrated and empty before each test. */
export function describeVisitRepository(database: () => OpenDatabase): void {
  const code = 'hello' as ShortCode;
  const setUp = () => createVisitRepository({ db: database().db });

  beforeEach(async () => {
    const links = createUrlRepository({ db: database().db, clock: createTestClock() });
    for (const short_code of [code, 'other' as ShortCode]) {
      await links.create({ ...testLink, tags: [], short_code });
    }
  });

  function visitAt(time: string, more: Partial<DescribedVisit> = {}): DescribedVisit {
    const timestamp = Date.parse(time);
    return {
      id: uuidv7({ msecs: timestamp }),
      short_code: code,
      ip: '192.0.2.0',
      timestamp,
      user_agent: 'Agent "x" \\ {y}',
      referrer: null,
      country: null,
      is_bot: false,
      referrer_host: null,
      browser: null,
      os: null,
      device: null,
      ...more,
    };
  }

  const day = { from: new Date('2026-11-24T00:00:00Z'), to: new Date('2026-11-25T00:00:00Z') };
  const totals = async (visits: ReturnType<typeof setUp>) => {
    const [bucket] = await visits.series(code, day, 'day');
    return [bucket?.visits, bucket?.bot_visits];
  };

  test('stores a visit once and rolls it up once, however often it comes', async () => {
    const visits = setUp();
    const one = visitAt('2026-11-24T12:00:00Z');
    expect(await visits.insert([one, one])).toEqual({ stored: 1, orphans: 0 });
    expect(await visits.insert([one])).toEqual({ stored: 0, orphans: 0 });
    const other = visitAt('2026-11-24T12:00:01Z');
    expect(await visits.insert([other, one])).toEqual({ stored: 1, orphans: 0 });
    expect(await totals(visits)).toEqual([2, 0]);
    expect(await visits.latest(code, 10)).toHaveLength(2);
  });

  test('rolls up exactly once when the same batch is written by many at once', async () => {
    const visits = setUp();
    const batch = Array.from({ length: 200 }, () => visitAt('2026-11-24T12:00:00Z', { browser: 'Firefox' }));
    const stored = await Promise.all(
      Array.from({ length: 5 }, (_, index) => visits.insert(index % 2 ? batch : batch.toReversed())),
    );
    expect(stored.reduce((sum, each) => sum + each.stored, 0)).toBe(200);
    expect(await totals(visits)).toEqual([200, 0]);
    expect(await visits.breakdown(code, day, 5)).toEqual([
      { dimension: 'browser', value: 'Firefox', visits: 200 },
    ]);
  });

  test("stores visits of codes that never were a link apart, once, and in nobody's numbers", async () => {
    const visits = setUp();
    const never = 'never' as ShortCode;
    const orphan = visitAt('2026-11-24T12:00:00Z', { short_code: never, browser: 'Firefox' });
    const batch = [visitAt('2026-11-24T12:00:00Z'), orphan];
    expect(await visits.insert(batch)).toEqual({ stored: 1, orphans: 1 });
    expect(await visits.insert(batch)).toEqual({ stored: 0, orphans: 0 });
    expect(await totals(visits)).toEqual([1, 0]);
    expect(await visits.latest(never, 10)).toEqual([]);
    expect(await visits.breakdown(never, day, 5)).toEqual([]);
    const apart = await database().db.selectFrom('orphan_visits').select(['id', 'short_code']).execute();
    expect(apart).toEqual([{ id: orphan.id, short_code: never }]);
  });

  test('stores whatever a message may say', async () => {
    const visits = setUp();
    const text = fc.string({ unit: 'binary', maxLength: 300 }).map((any) => any.replaceAll('\0', ''));
    const anyVisit = fc.record({
      timestamp: fc.oneof(
        fc.integer({ min: 0, max: Date.UTC(9999, 11, 31, 23, 59, 59, 999) }),
        fc.constantFrom(0, Date.UTC(9999, 11, 31, 23, 59, 59, 999)),
      ),
      ip: fc.oneof(fc.ipV4(), fc.ipV6(), fc.constant(null)),
      user_agent: text,
      referrer: fc.oneof(text, fc.webUrl()),
      country: fc.constantFrom('DE', null),
      is_bot: fc.boolean(),
      short_code: fc.constantFrom(code, 'never' as ShortCode),
    });
    const describeVisit = createVisitDescriber();
    await fc.assert(
      fc.asyncProperty(fc.array(anyVisit, { minLength: 1, maxLength: 20 }), async (some) => {
        const valid = some
          .map((visit) => visitSchema.safeParse({ id: uuidv7({ msecs: visit.timestamp }), ...visit }))
          .filter(({ success }) => success)
          .map(({ data }) => data)
          .filter((visit) => visit !== undefined);
        const { stored, orphans } = await visits.insert(valid.map(describeVisit));
        expect(stored + orphans).toBe(valid.length);
      }),
      { numRuns: 50 },
    );
  });

  test('gives back what was stored, newest first, page by page', async () => {
    const visits = setUp();
    const stored = [
      visitAt('2026-11-23T23:59:59.999Z', { referrer: 'https://news.example/', country: 'DE', is_bot: true }),
      visitAt('2026-11-24T00:00:00.000Z', { ip: null, user_agent: null }),
      visitAt('2026-11-24T00:00:00.001Z', { ip: '2001:db8::' }),
    ];
    await visits.insert(stored);
    const first = await visits.latest(code, 2);
    const rest = await visits.latest(code, 2, first.at(-1)?.id);
    expect([...first, ...rest].map(({ id }) => id)).toEqual(stored.map(({ id }) => id).toReversed());
    expect(rest).toEqual([
      {
        id: stored[0]?.id,
        short_code: code,
        ip: '192.0.2.0',
        timestamp: new Date('2026-11-23T23:59:59.999Z'),
        user_agent: 'Agent "x" \\ {y}',
        referrer: 'https://news.example/',
        country: 'DE',
        is_bot: true,
      },
    ]);
  });

  test('keeps people and bots apart', async () => {
    const visits = setUp();
    await visits.insert([
      visitAt('2026-11-24T12:00:00Z'),
      visitAt('2026-11-24T12:00:00Z', { is_bot: true, browser: 'Bot' }),
      visitAt('2026-11-24T12:00:00Z', { is_bot: true }),
    ]);
    expect(await totals(visits)).toEqual([1, 2]);
    expect(await visits.breakdown(code, day, 5)).toEqual([]);
  });

  describe('a series', () => {
    test.each([
      ['hour', '2026-11-24T22:30:00Z', '2026-11-25T01:00:00Z', ['24T22', '24T23', '25T00'], [0, 1, 1]],
      ['day', '2026-11-24T22:30:00Z', '2026-11-27T00:00:00Z', ['24T00', '25T00', '26T00'], [1, 2, 0]],
      ['week', '2026-11-24T00:00:00Z', '2026-11-30T00:00:01Z', ['23T00', '30T00'], [3, 0]],
      ['month', '2026-11-30T00:00:00Z', '2026-12-01T00:00:00Z', ['01T00'], [3]],
    ] as const)(
      'by %s covers whole intervals from the first to before the last',
      async (interval, from, to, starts, counts) => {
        const visits = setUp();
        await visits.insert(
          ['2026-11-24T23:59:59.999Z', '2026-11-25T00:00:00Z', '2026-11-25T12:00:00Z'].map((time) =>
            visitAt(time),
          ),
        );
        const series = await visits.series(code, { from: new Date(from), to: new Date(to) }, interval);
        expect(series.map(({ start }) => start.toISOString().slice(8, 13))).toEqual(starts);
        expect(series.map((bucket) => bucket.visits)).toEqual(counts);
      },
    );

    test('has nothing of other links', async () => {
      const visits = setUp();
      await visits.insert([visitAt('2026-11-24T12:00:00Z', { short_code: 'other' as ShortCode })]);
      expect(await totals(visits)).toEqual([0, 0]);
    });
  });

  test('breaks down by the most frequent values, days of the period only', async () => {
    const visits = setUp();
    const from = (browser: string, time = '2026-11-24T12:00:00Z') => visitAt(time, { browser, os: 'Linux' });
    await visits.insert([
      from('A'),
      from('B'),
      from('B'),
      from('C'),
      from('C'),
      from('D', '2026-11-25T00:00:00Z'),
    ]);
    expect(await visits.breakdown(code, day, 2)).toEqual([
      { dimension: 'browser', value: 'B', visits: 2 },
      { dimension: 'browser', value: 'C', visits: 2 },
      { dimension: 'os', value: 'Linux', visits: 5 },
    ]);
  });

  test('moves visits into the partition of their day when it is made after them', async () => {
    const { db } = database();
    const visits = setUp();
    await visits.insert([visitAt('2031-05-05T12:00:00Z'), visitAt('2031-06-06T12:00:00Z')]);
    const inDefault = async () =>
      (
        await db
          .selectFrom('visits_default' as 'visits')
          .select('id')
          .execute()
      ).length;
    expect(await inDefault()).toBe(2);
    await visits.preparePartitions(new Date('2031-05-05T23:59:59Z'));
    await visits.preparePartitions(new Date('2031-05-05T00:00:00Z'));
    expect(await inDefault()).toBe(1);
    expect(await visits.latest(code, 10)).toHaveLength(2);
    expect(
      (await visits.insert([visitAt('2031-05-12T12:00:00Z'), visitAt('2031-05-04T00:00:00Z')])).stored,
    ).toBe(2);
    expect(await inDefault()).toBe(1);
  });
}
