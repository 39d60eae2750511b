import { sql } from 'kysely';
import { expect, test } from 'vitest';
import type { ShortCode } from '@terse/core/links/short-code';
import { testValues } from '@terse/core/links/test-link';
import { createTestClock } from '@terse/platform/test-clock';
import { createCounterRepository } from './counter-repository.ts';
import type { OpenDatabase } from './open-database.ts';
import { createLinkRepository } from './link-repository.ts';

/** What the repository of links promises on every database; `database` is migrated and empty before each test. */
export function describeLinkRepository(database: () => OpenDatabase): void {
  const values = testValues;
  const code = values.short_code;
  const setUp = () => {
    const clock = createTestClock();
    const { db } = database();
    return {
      clock,
      links: createLinkRepository({ db, clock }),
      counters: createCounterRepository({ db, clock }),
    };
  };

  test('creates many links as they are given, in their order', async () => {
    const { links, clock } = setUp();
    const many = [
      { ...values, title: 'Ünï "x" \\ {y}', tags: ['a,b', '{c}', 'NULL'] },
      {
        ...values,
        short_code: 'a' as ShortCode,
        expires_at: new Date('2027-01-01T00:00:00.123Z'),
        pinned: true,
      },
      { ...values, short_code: 'b' as ShortCode, redirect_status: 301 as const },
    ];
    const outcome = await links.createAll(many);
    const stamp = new Date(clock.now());
    const base = { visit_count: 0, version: 1, created_at: stamp, updated_at: stamp, deleted_at: null };
    expect(outcome).toEqual({ created: many.map((each) => ({ ...each, ...base })) });
    expect(await links.find(code)).toEqual({ ...many[0], ...base });
  });

  test('creates none of many links when the code of one is in use, also by a deleted link', async () => {
    const { links } = setUp();
    await links.create(values);
    await links.remove(code);
    const fresh = 'fresh' as ShortCode;
    expect(await links.createAll([{ ...values, short_code: fresh }, values])).toEqual({ taken: [code] });
    expect(await links.find(fresh)).toBeUndefined();
  });

  test('returns a new link as it was given, stamped by the clock', async () => {
    const { links, clock } = setUp();
    const given = {
      ...values,
      title: 'Größe "x" \\ \u{1F517}',
      tags: ['a', 'b,c', '{d}', '"e"'],
      expires_at: new Date('2027-01-02T03:04:05.678Z'),
      redirect_status: 301 as const,
      pinned: true,
    };
    const created = await links.create(given);
    const now = new Date(clock.now());
    expect(created).toEqual({
      ...given,
      visit_count: 0,
      version: 1,
      created_at: now,
      updated_at: now,
      deleted_at: null,
    });
    expect(await links.find(code)).toEqual(created);
  });

  test('finds many links at once, each in the place of its code, also deleted ones', async () => {
    const { links } = setUp();
    const other = await links.create({ ...values, short_code: 'other' as ShortCode });
    await links.create(values);
    const removed = await links.remove(code);
    const unknown = 'unknown' as ShortCode;
    expect(await links.findAll([code, unknown, 'other' as ShortCode])).toEqual([removed, undefined, other]);
    expect(await links.findAll([])).toEqual([]);
  });

  test('gives a code to one of many that ask for it at once', async () => {
    const { links } = setUp();
    const created = await Promise.all(
      Array.from({ length: 10 }, (_, index) =>
        links.create({ ...values, original_url: `https://example.com/${index}` }),
      ),
    );
    expect(created.filter(Boolean)).toHaveLength(1);
    expect(await links.find(code)).toEqual(created.find(Boolean));
  });

  test('creates links that are asked for at once in one statement, each with its own outcome', async () => {
    const { links } = setUp();
    await links.create(values);
    const codes = ['a', code, 'b', 'a', 'c'] as ShortCode[];
    const created = await Promise.all(
      codes.map((short_code, index) => links.create({ ...values, short_code, title: `${index}` })),
    );
    expect(created.map((link) => link?.title)).toEqual(['0', undefined, '2', undefined, '4']);
    const { rows } = await sql<{ statements: number }>`
      select count(distinct xmin::text)::int as statements from links where short_code <> ${code}
    `.execute(database().db);
    expect(rows).toEqual([{ statements: 1 }]);
  });

  test('creates the others when the database refuses one of several links', async () => {
    const { links } = setUp();
    const refused = { ...values, short_code: 'refused' as ShortCode, redirect_status: 999 as 307 };
    const outcomes = await Promise.allSettled([
      links.create(values),
      links.create(refused),
      links.create({ ...values, short_code: 'other' as ShortCode }),
    ]);
    expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
    expect(await links.find('other' as ShortCode)).toBeDefined();
    expect(await links.find(refused.short_code)).toBeUndefined();
  });

  test('never gives the code of a deleted link again', async () => {
    const { links } = setUp();
    await links.create(values);
    await links.remove(code);
    expect(await links.create(values)).toBeUndefined();
  });

  test('changes only the given fields, and raises the version', async () => {
    const { links, clock } = setUp();
    const created = await links.create({ ...values, tags: ['a'] });
    clock.advance(1000);
    const changed = await links.change(code, { title: 'New' });
    expect(changed).toEqual({ ...created, title: 'New', version: 2, updated_at: new Date(clock.now()) });
  });

  test('deletes and restores a link, each once, and changes no deleted one', async () => {
    const { links, clock } = setUp();
    const created = await links.create(values);
    clock.advance(1000);
    const removed = await links.remove(code);
    expect(removed).toMatchObject({ deleted_at: new Date(clock.now()), version: 2 });
    expect(await links.remove(code)).toBeUndefined();
    expect(await links.change(code, { title: 'New' })).toBeUndefined();
    expect(await links.find(code)).toEqual(removed);
    clock.advance(1000);
    expect(await links.restore(code)).toEqual({ ...created, version: 3, updated_at: new Date(clock.now()) });
    expect(await links.restore(code)).toBeUndefined();
  });

  test('has nothing for a code that was never created', async () => {
    const { links } = setUp();
    expect(await links.find(code)).toBeUndefined();
    expect(await links.change(code, { title: 'x' })).toBeUndefined();
    expect(await links.read([code], [])).toEqual([]);
  });

  test('counts a pending batch before it is applied, and not again after', async () => {
    const { links, counters } = setUp();
    await links.create(values);
    await links.create({ ...values, short_code: 'other' as ShortCode });
    const batches = [
      { id: 'first', deltas: new Map([[code, 3]]) },
      { id: 'second', deltas: new Map([[code, 4]]) },
    ] as const;
    const count = async () => (await links.read([code], batches))[0]?.visit_count;
    expect(await count()).toBe(7);
    await counters.apply(batches[0]);
    expect(await count()).toBe(7);
    await counters.apply(batches[1]);
    expect(await count()).toBe(7);
    expect((await links.read(['other' as ShortCode], batches))[0]?.visit_count).toBe(0);
    expect((await links.find(code))?.visit_count).toBe(7);
  });
}
