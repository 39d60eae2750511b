import { beforeEach, expect, test } from 'vitest';
import type { ShortCode } from '@terse/core/short-code';
import { systemClock } from '@terse/core/clock';
import { createCounterRepository } from './counter-repository.ts';
import type { OpenDatabase } from './open-database.ts';
import { createUrlRepository } from './url-repository.ts';

/** What counting in the repository promises on every database; `database` is migrated and empty before each test. */
export function describeCounterRepository(database: () => OpenDatabase): void {
  const a = 'a' as ShortCode;
  const b = 'b' as ShortCode;
  const parts = () => ({ db: database().db, clock: systemClock });
  const counts = async () => {
    const links = await createUrlRepository(parts()).read([a, b], []);
    return Object.fromEntries(links.map((link) => [link.short_code, link.visit_count]));
  };
  const rollUp = (short_code: ShortCode, visits: number) =>
    database()
      .db.insertInto('visit_rollups')
      .values({ short_code, hour: new Date('2026-11-24T12:00:00Z'), visits, bot_visits: 100 })
      .execute();

  beforeEach(async () => {
    const urls = createUrlRepository(parts());
    for (const short_code of [a, b]) {
      await urls.create({
        short_code,
        original_url: 'https://example.com/',
        redirect_status: 307,
        title: null,
        tags: [],
        expires_at: null,
        pinned: false,
      });
    }
  });

  test('applies a batch once, however often and by however many it is tried', async () => {
    const counters = createCounterRepository(parts());
    const batch = {
      id: 'batch',
      deltas: new Map([
        [a, 2],
        [b, 5],
      ] as const),
    };
    const applied = await Promise.all(Array.from({ length: 10 }, () => counters.apply(batch)));
    expect(applied.filter(Boolean)).toHaveLength(1);
    expect(await counts()).toEqual({ a: 2, b: 5 });
  });

  test('passes over codes that are no links', async () => {
    const counters = createCounterRepository(parts());
    expect(
      await counters.apply({
        id: 'batch',
        deltas: new Map([
          [a, 1],
          ['gone' as ShortCode, 9],
        ]),
      }),
    ).toBe(true);
    expect(await counts()).toEqual({ a: 1, b: 0 });
  });

  test('does not stamp a link as changed because it was visited', async () => {
    const urls = createUrlRepository(parts());
    const before = await urls.find(a);
    await createCounterRepository(parts()).apply({ id: 'batch', deltas: new Map([[a, 1]]) });
    expect(await urls.find(a)).toEqual({ ...before, visit_count: 1 });
  });

  test('finds the links whose count differs from their rollups, by how much', async () => {
    const counters = createCounterRepository(parts());
    await rollUp(a, 7);
    await counters.apply({
      id: 'batch',
      deltas: new Map([
        [a, 4],
        [b, 3],
      ] as const),
    });
    expect((await counters.drifts([])).toSorted((x, y) => x.short_code.localeCompare(y.short_code))).toEqual([
      { short_code: a, counted: 4, stored: 7 },
      { short_code: b, counted: 3, stored: 0 },
    ]);
  });

  test('counts what is pending as counted', async () => {
    const counters = createCounterRepository(parts());
    await rollUp(a, 7);
    const applied = { id: 'applied', deltas: new Map([[a, 4]]) };
    await counters.apply(applied);
    const pending = { id: 'pending', deltas: new Map([[a, 3]]) };
    expect(await counters.drifts([applied, pending])).toEqual([]);
  });
}
