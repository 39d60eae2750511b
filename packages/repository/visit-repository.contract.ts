import { sql } from 'kysely';
import fc from 'fast-check';
import { beforeEach, expect, test } from 'vitest';
import { v7 as uuidv7 } from 'uuid';
import type { ShortCode } from '@terse/core/links/short-code';
import { createTestClock } from '@terse/platform/test-clock';
import { testLink } from '@terse/core/links/test-link';
import { ContentRefusedError } from '@terse/core/visits/content-refused';
import { visitSchema } from '@terse/core/visits/visit';
import { testVisitAt } from '@terse/core/visits/test-visit';
import { createVisitDescriber, type DescribedVisit } from '@terse/core/visits/visit-description';
import type { OpenDatabase } from './open-database.ts';
import { createRollupRepository } from './rollup-repository.ts';
import { createLinkRepository } from './link-repository.ts';
import { createVisitRepository } from './visit-repository.ts';

/** What the repository of visits promises on every database; `database` is migrated and empty before each test. */
export function describeVisitRepository(database: () => OpenDatabase): void {
  const code = 'hello' as ShortCode;
  const setUp = () => createVisitRepository({ db: database().db });

  beforeEach(async () => {
    const links = createLinkRepository({ db: database().db, clock: createTestClock() });
    for (const short_code of [code, 'other' as ShortCode]) {
      await links.create({ ...testLink, tags: [], short_code });
    }
  });

  const visitAt = (time: string, more: Partial<DescribedVisit> = {}) =>
    testVisitAt(time, { short_code: code, ip: '192.0.2.0', user_agent: 'Agent "x" \\ {y}', ...more });

  const days = { from: new Date('2026-11-24T00:00:00Z'), to: new Date('2026-11-25T00:00:00Z') };
  /** How many visits by people and by bots are rolled up, and how many people's visits each browser has. */
  const rolledUp = async (of = code) => {
    const rollups = await createRollupRepository({ db: database().db }).read(of, { days, cuts: [] }, false);
    const deltas = rollups?.deltas ?? [];
    const browsers: Record<string, number> = {};
    for (const [browser, visits] of deltas.flatMap(({ breakdown }) => breakdown.browser ?? [])) {
      browsers[browser] = (browsers[browser] ?? 0) + visits;
    }
    return {
      visits: deltas.reduce((sum, { visits }) => sum + visits, 0),
      bot_visits: deltas.reduce((sum, { bot_visits }) => sum + bot_visits, 0),
      browsers,
    };
  };

  test('stores a visit once, in the deltas too, however often it comes', async () => {
    const visits = setUp();
    const one = visitAt('2026-11-24T12:00:00Z');
    expect(await visits.insert([one, one])).toEqual({ stored: 1, orphans: 0 });
    expect(await visits.insert([one])).toEqual({ stored: 0, orphans: 0 });
    const other = visitAt('2026-11-24T12:00:01Z');
    expect(await visits.insert([other, one])).toEqual({ stored: 1, orphans: 0 });
    expect(await rolledUp()).toMatchObject({ visits: 2, bot_visits: 0 });
    expect(await visits.latest(code, 10)).toHaveLength(2);
  });

  test('takes both spellings of an id for one visit', async () => {
    const visits = setUp();
    const one = visitAt('2026-11-24T12:00:00Z');
    const shouted = { ...one, id: one.id.toUpperCase() };
    const orphan = visitAt('2026-11-24T12:00:00Z', { short_code: 'never' as ShortCode });
    const batch = [one, shouted, { ...orphan, id: orphan.id.toUpperCase() }, orphan];
    expect(await visits.insert(batch)).toEqual({ stored: 1, orphans: 1 });
    expect(await visits.insert(batch)).toEqual({ stored: 0, orphans: 0 });
    expect(await visits.insert([...batch, visitAt('2026-11-24T12:00:01Z')])).toEqual({
      stored: 1,
      orphans: 0,
    });
    expect(await rolledUp()).toMatchObject({ visits: 2 });
  });

  test('tells content that the database refuses from an outage', async () => {
    const visits = setUp();
    const { db } = database();
    const refused = visitAt('2026-11-24T12:00:00Z', { country: 'XX' });
    await sql`alter table visits add constraint no_such_country check (country <> 'XX')`.execute(db);
    try {
      await expect(visits.insert([visitAt('2026-11-24T12:00:00Z'), refused])).rejects.toThrow(
        ContentRefusedError,
      );
      expect(await rolledUp()).toMatchObject({ visits: 0 });
    } finally {
      await sql`alter table visits drop constraint no_such_country`.execute(db);
    }
    await sql`alter table visits rename to visits_gone`.execute(db);
    try {
      const missing = visits.insert([visitAt('2026-11-24T12:00:00Z')]);
      await expect(missing).rejects.not.toBeInstanceOf(ContentRefusedError);
    } finally {
      await sql`alter table visits_gone rename to visits`.execute(db);
    }
  });

  test('adds each visit to the deltas once when several write the same batch', async () => {
    const batch = Array.from({ length: 200 }, () => visitAt('2026-11-24T12:00:00Z', { browser: 'Firefox' }));
    const stored = await Promise.all(
      Array.from({ length: 5 }, (_, index) => setUp().insert(index % 2 ? batch : batch.toReversed())),
    );
    expect(stored.reduce((sum, each) => sum + each.stored, 0)).toBe(200);
    expect(await rolledUp()).toEqual({ visits: 200, bot_visits: 0, browsers: { Firefox: 200 } });
  });

  test('adds each visit to the deltas once when several write overlapping batches', async () => {
    const all = Array.from({ length: 300 }, () => visitAt('2026-11-24T12:00:00Z', { browser: 'Firefox' }));
    const starts = Array.from({ length: 11 }, (_, index) => index * 20);
    const stored = await Promise.all(starts.map((start) => setUp().insert(all.slice(start, start + 100))));
    expect(stored.reduce((sum, each) => sum + each.stored, 0)).toBe(300);
    expect(await rolledUp()).toEqual({ visits: 300, bot_visits: 0, browsers: { Firefox: 300 } });
  });

  test('stores visits of codes that never were a link apart, once, and in no report', async () => {
    const visits = setUp();
    const never = 'never' as ShortCode;
    const orphan = visitAt('2026-11-24T12:00:00Z', { short_code: never, browser: 'Firefox' });
    const batch = [visitAt('2026-11-24T12:00:00Z'), orphan];
    expect(await visits.insert(batch)).toEqual({ stored: 1, orphans: 1 });
    expect(await visits.insert(batch)).toEqual({ stored: 0, orphans: 0 });
    expect(await rolledUp()).toMatchObject({ visits: 1 });
    expect(await visits.latest(never, 10)).toEqual([]);
    const { db } = database();
    const batches = await db.selectFrom('rollup_deltas').select('deltas').execute();
    expect(batches.flatMap(({ deltas }) => deltas.map(({ short_code }) => short_code))).toEqual([code]);
    const apart = await db.selectFrom('orphan_visits').select(['id', 'short_code']).execute();
    expect(apart).toEqual([{ id: orphan.id, short_code: never }]);
  });

  test('finds a link that was made after visits of its code had come', async () => {
    const visits = setUp();
    const late = 'late' as ShortCode;
    expect(await visits.insert([visitAt('2026-11-24T12:00:00Z', { short_code: late })])).toMatchObject({
      orphans: 1,
    });
    const links = createLinkRepository({ db: database().db, clock: createTestClock() });
    await links.create({ ...testLink, tags: [], short_code: late });
    expect(await visits.insert([visitAt('2026-11-24T12:00:00Z', { short_code: late })])).toMatchObject({
      stored: 1,
    });
    expect(await rolledUp(late)).toMatchObject({ visits: 1 });
  });

  test('stores any visit that a message may have', async () => {
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

  test('returns stored visits, newest first, page by page', async () => {
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
    await setUp().insert([
      visitAt('2026-11-24T12:00:00Z'),
      visitAt('2026-11-24T12:00:00Z', { is_bot: true, browser: 'Bot' }),
      visitAt('2026-11-24T12:00:00Z', { is_bot: true }),
    ]);
    expect(await rolledUp()).toEqual({ visits: 1, bot_visits: 2, browsers: {} });
  });

  test('moves visits into the partition of their day when it is made later', async () => {
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
