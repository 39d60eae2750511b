import { sql } from 'kysely';
import { beforeEach, expect, test } from 'vitest';
import type { CounterBatch } from '@terse/core/counts/counter-batch';
import type { ShortCode } from '@terse/core/links/short-code';
import { createTestClock } from '@terse/platform/test-clock';
import { testLink } from '@terse/core/links/test-link';
import { createCountDifferenceRepository } from './count-difference-repository.ts';
import { createCounterRepository } from './counter-repository.ts';
import type { OpenDatabase } from './open-database.ts';
import { createLinkRepository } from './link-repository.ts';
import { HOUR_MS } from '@terse/platform/durations';

/** What comparing counts promises on every database; `database` is migrated and empty before each test. */
export function describeCountDifferenceRepository(database: () => OpenDatabase): void {
  const a = 'a' as ShortCode;
  const b = 'b' as ShortCode;
  const c = 'c' as ShortCode;
  let batches = 0;

  beforeEach(async () => {
    const links = createLinkRepository({ db: database().db, clock: createTestClock() });
    for (const short_code of [a, b, c]) await links.create({ ...testLink, tags: [], short_code });
  });

  function setUp() {
    const clock = createTestClock();
    const { db } = database();
    const options = { db, clock };
    const differences = createCountDifferenceRepository(options);
    const counters = createCounterRepository(options);
    const count = (code: ShortCode, visits: number) =>
      counters.apply({ id: `${batches++}`, deltas: new Map([[code, visits]]) });
    const counts = async () => {
      const links = await db
        .selectFrom('links')
        .select(['short_code', 'visit_count'])
        .orderBy('short_code')
        .execute();
      return links.map(({ visit_count }) => visit_count);
    };
    return { db, clock, differences, counters, count, counts };
  }

  /** Adds visits of an hour as a merge does, in this release and the one before. */
  const rollUp = (short_code: ShortCode, visits: number, hour = 12) =>
    sql`
    insert into hourly_rollups as rollup (short_code, hour, visits, bot_visits)
    values (${short_code}, ${`2026-11-24T${hour}:00:00Z`}::timestamptz, ${visits}, 100)
    on conflict (short_code, hour) do update set visits = rollup.visits + excluded.visits
  `.execute(database().db);

  const open = (id: string, code: ShortCode, visits: number): CounterBatch => ({
    id,
    deltas: new Map([[code, visits]]),
  });

  test('finds links whose counts are behind the merged visits, and by how much, a page at a time', async () => {
    const { differences, count } = setUp();
    await rollUp(a, 4);
    await rollUp(a, 3);
    await rollUp(a, 2, 13);
    await rollUp(b, 5);
    await rollUp(c, 6);
    await count(b, 5);
    expect(await differences.behind(2)).toEqual({ codes: [a], next: b });
    expect(await differences.behind(2, b)).toEqual({ codes: [c], next: undefined });
    expect(await differences.missing([a, b, c], [])).toEqual(
      new Map([
        [a, 9],
        [c, 6],
      ]),
    );
  });

  test('does not look again at a link that is not behind, until more of its visits are merged', async () => {
    const { differences, count, db } = setUp();
    const marked = () => db.selectFrom('counts_to_compare').select('short_code').execute();
    await rollUp(a, 4);
    await count(a, 4);
    await differences.behind(10);
    expect(await marked()).toEqual([]);
    await rollUp(a, 0);
    expect(await marked()).toEqual([]);
    await rollUp(a, 1);
    expect(await differences.behind(10)).toEqual({ codes: [a], next: undefined });
    expect(await marked()).toEqual([{ short_code: a }]);
  });

  test('still finds visits that only a pending batch had counted, when that batch is lost', async () => {
    const { differences } = setUp();
    await rollUp(a, 4);
    const pending = [open('open', a, 4)];
    expect((await differences.behind(10)).codes).toEqual([a]);
    expect(await differences.missing([a], pending)).toEqual(new Map());
    expect((await differences.behind(10)).codes).toEqual([a]);
    expect(await differences.missing([a], [])).toEqual(new Map([[a, 4]]));
  });

  test('counts a pending batch once, applied or not', async () => {
    const { differences, counters } = setUp();
    await rollUp(a, 7);
    const pending = open('pending', a, 4);
    expect(await differences.missing([a], [pending])).toEqual(new Map([[a, 3]]));
    await counters.apply(pending);
    expect(await differences.missing([a], [pending])).toEqual(new Map([[a, 3]]));
  });

  test('restores missing visits once, also when several do it at once, and no more than both looks found', async () => {
    const { differences, count, counts } = setUp();
    await rollUp(a, 10);
    await rollUp(b, 10);
    await rollUp(c, 10);
    const missing = new Map([
      [a, 10],
      [b, 4],
      [c, 10],
    ]);
    await count(c, 7);
    const restored = await Promise.all(Array.from({ length: 5 }, () => differences.restore(missing, [])));
    expect(await counts()).toEqual([10, expect.any(Number), 10]);
    expect(Math.max(...restored)).toBe(3);
    expect((await counts())[1]).toBeLessThanOrEqual(10);
    expect(await differences.restore(new Map([[a, 10]]), [])).toBe(0);
  });

  test('restores no visits that a pending batch will add', async () => {
    const { differences, counts } = setUp();
    await rollUp(a, 10);
    await differences.restore(new Map([[a, 10]]), [open('open', a, 8)]);
    expect(await counts()).toEqual([2, 0, 0]);
  });

  /** A walk through all links, in steps. */
  async function walk({ walk: step }: Pick<ReturnType<typeof createCountDifferenceRepository>, 'walk'>) {
    await step(2);
    await step(2);
  }

  test('takes back a surplus that lasted for the whole window, by its smallest value', async () => {
    const { differences, count, counts, clock } = setUp();
    await differences.noteBacklog(true);
    await count(a, 10);
    await rollUp(a, 4);
    await walk(differences);
    await count(a, 5);
    await rollUp(a, 8);
    await walk(differences);
    await count(a, 20);
    await walk(differences);
    clock.advance(23 * HOUR_MS);
    expect(await differences.ahead()).toBe(3);
    expect(await differences.takeBack(24 * HOUR_MS, 10)).toEqual({ links: 0, visits: 0 });
    clock.advance(HOUR_MS);
    const taken = await Promise.all([1, 2, 3].map(() => differences.takeBack(24 * HOUR_MS, 10)));
    expect(taken.reduce((sum, { visits }) => sum + visits, 0)).toBe(3);
    expect(await counts()).toEqual([32, 0, 0]);
    expect(await differences.ahead()).toBe(0);
  });

  test('forgets a surplus when its visits have come, and begins a new window with the next', async () => {
    const { differences, count, counts, clock } = setUp();
    await differences.noteBacklog(true);
    await count(b, 10);
    await walk(differences);
    clock.advance(23 * HOUR_MS);
    await rollUp(b, 10);
    await walk(differences);
    await count(b, 1);
    await walk(differences);
    clock.advance(2 * HOUR_MS);
    expect(await differences.takeBack(24 * HOUR_MS, 10)).toEqual({ links: 0, visits: 0 });
    expect(await counts()).toEqual([0, 11, 0]);
  });

  test('takes back no visits that are stored and wait to be merged, or were merged since', async () => {
    const { differences, count, counts, clock, db } = setUp();
    await differences.noteBacklog(true);
    await count(a, 10);
    await count(b, 10);
    await walk(differences);
    clock.advance(24 * HOUR_MS);
    const deltas = JSON.stringify([{ short_code: a, hour: 0, visits: 9, bot_visits: 5, counts: {} }]);
    await sql`insert into rollup_deltas (shard, deltas) values (1, ${deltas}::text::json)`.execute(db);
    await rollUp(b, 10);
    expect(await differences.takeBack(24 * HOUR_MS, 10)).toEqual({ links: 1, visits: 1 });
    expect(await counts()).toEqual([9, 10, 0]);
  });

  test('finds visits that were taken back wrongly, as soon as they are stored', async () => {
    const { differences, count, counts, clock } = setUp();
    await differences.noteBacklog(true);
    await count(a, 10);
    await walk(differences);
    clock.advance(24 * HOUR_MS);
    await differences.takeBack(24 * HOUR_MS, 10);
    expect(await counts()).toEqual([0, 0, 0]);
    await rollUp(a, 10);
    expect((await differences.behind(10)).codes).toEqual([a]);
  });

  test('takes nothing back during a backlog, nor for a whole window after a long one', async () => {
    const { differences, count, clock } = setUp();
    const day = 24 * HOUR_MS;
    await count(a, 10);
    await walk(differences);
    clock.advance(2 * day);
    await differences.noteBacklog(false);
    expect(await differences.takeBack(day, 10)).toEqual({ links: 0, visits: 0 });
    clock.advance(6 * 60_000);
    await differences.noteBacklog(false);
    await differences.noteBacklog(true);
    clock.advance(day - 60_000);
    expect(await differences.takeBack(day, 10)).toEqual({ links: 0, visits: 0 });
    clock.advance(60_000);
    // A short backlog, as under load, does not restart the window.
    await differences.noteBacklog(false);
    expect(await differences.takeBack(day, 10)).toEqual({ links: 0, visits: 0 });
    await differences.noteBacklog(true);
    expect(await differences.takeBack(day, 10)).toEqual({ links: 1, visits: 10 });
  });

  test('a walk marks a count that is behind for any reason', async () => {
    const { differences, count, db } = setUp();
    await rollUp(c, 5);
    await count(c, 5);
    await differences.behind(10);
    await sql`update links set visit_count = 1 where short_code = 'c'`.execute(db);
    expect((await differences.behind(10)).codes).toEqual([]);
    await walk(differences);
    expect((await differences.behind(10)).codes).toEqual([c]);
  });
}
