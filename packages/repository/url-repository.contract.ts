import { sql } from 'kysely';
import { expect, test } from 'vitest';
import type { ShortCode } from '@terse/core/links/short-code';
import { createTestClock } from '@terse/platform/test-clock';
import { createCounterRepository } from './counter-repository.ts';
import type { OpenDatabase } from './open-database.ts';
import { createUrlRepository } from './url-repository.ts';
import type { LinkValues } from '@terse/core/links/ports';

/** What the repository of links promises on every database; `database` is migrated and empty before each test. */
export function describeUrlRepository(database: () => OpenDatabase): void {
  const code = 'hello' as ShortCode;
  const values: LinkValues = {
    short_code: code,
    original_url: 'https://example.com/',
    redirect_status: 307,
    title: null,
    tags: [],
    expires_at: null,
    pinned: false,
  };
  const setUp = () => {
    const clock = createTestClock();
    const { db } = database();
    return {
      clock,
      urls: createUrlRepository({ db, clock }),
      counters: createCounterRepository({ db, clock }),
    };
  };

  test('creates many links as they are given, in their order', async () => {
    const { urls, clock } = setUp();
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
    const outcome = await urls.createAll(many);
    const stamp = new Date(clock.now());
    const base = { visit_count: 0, version: 1, created_at: stamp, updated_at: stamp, deleted_at: null };
    expect(outcome).toEqual({ created: many.map((each) => ({ ...each, ...base })) });
    expect(await urls.find(code)).toEqual({ ...many[0], ...base });
  });

  test('creates none of many links when the code of one is in use, be it by a deleted link', async () => {
    const { urls } = setUp();
    await urls.create(values);
    await urls.remove(code);
    const fresh = 'fresh' as ShortCode;
    expect(await urls.createAll([{ ...values, short_code: fresh }, values])).toEqual({ taken: [code] });
    expect(await urls.find(fresh)).toBeUndefined();
  });

  test('gives back what was created, stamped by the clock', async () => {
    const { urls, clock } = setUp();
    const given = {
      ...values,
      title: 'Größe "x" \\ \u{1F517}',
      tags: ['a', 'b,c', '{d}', '"e"'],
      expires_at: new Date('2027-01-02T03:04:05.678Z'),
      redirect_status: 301 as const,
      pinned: true,
    };
    const created = await urls.create(given);
    const now = new Date(clock.now());
    expect(created).toEqual({
      ...given,
      visit_count: 0,
      version: 1,
      created_at: now,
      updated_at: now,
      deleted_at: null,
    });
    expect(await urls.find(code)).toEqual(created);
  });

  test('finds many at once, each in the place of its code, deleted ones too', async () => {
    const { urls } = setUp();
    const other = await urls.create({ ...values, short_code: 'other' as ShortCode });
    await urls.create(values);
    const removed = await urls.remove(code);
    const unknown = 'unknown' as ShortCode;
    expect(await urls.findAll([code, unknown, 'other' as ShortCode])).toEqual([removed, undefined, other]);
    expect(await urls.findAll([])).toEqual([]);
  });

  test('gives a code to one of many who ask for it at once', async () => {
    const { urls } = setUp();
    const created = await Promise.all(
      Array.from({ length: 10 }, (_, index) =>
        urls.create({ ...values, original_url: `https://example.com/${index}` }),
      ),
    );
    expect(created.filter(Boolean)).toHaveLength(1);
    expect(await urls.find(code)).toEqual(created.find(Boolean));
  });

  test('creates links that are asked for at once in one statement, and tells each of its own code only', async () => {
    const { urls } = setUp();
    await urls.create(values);
    const codes = ['a', code, 'b', 'a', 'c'] as ShortCode[];
    const created = await Promise.all(
      codes.map((short_code, index) => urls.create({ ...values, short_code, title: `${index}` })),
    );
    expect(created.map((link) => link?.title)).toEqual(['0', undefined, '2', undefined, '4']);
    const { rows } = await sql<{ statements: number }>`
      select count(distinct xmin::text)::int as statements from urls where short_code <> ${code}
    `.execute(database().db);
    expect(rows).toEqual([{ statements: 1 }]);
  });

  test('creates the others when the database refuses one of those that are asked for at once', async () => {
    const { urls } = setUp();
    const refused = { ...values, short_code: 'refused' as ShortCode, redirect_status: 999 as 307 };
    const outcomes = await Promise.allSettled([
      urls.create(values),
      urls.create(refused),
      urls.create({ ...values, short_code: 'other' as ShortCode }),
    ]);
    expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
    expect(await urls.find('other' as ShortCode)).toBeDefined();
    expect(await urls.find(refused.short_code)).toBeUndefined();
  });

  test('never gives the code of a deleted link again', async () => {
    const { urls } = setUp();
    await urls.create(values);
    await urls.remove(code);
    expect(await urls.create(values)).toBeUndefined();
  });

  test('changes what is given and nothing else, and raises the version', async () => {
    const { urls, clock } = setUp();
    const created = await urls.create({ ...values, tags: ['a'] });
    clock.advance(1000);
    const changed = await urls.change(code, { title: 'New' });
    expect(changed).toEqual({ ...created, title: 'New', version: 2, updated_at: new Date(clock.now()) });
  });

  test('deletes and restores a link, each once, and changes no deleted one', async () => {
    const { urls, clock } = setUp();
    const created = await urls.create(values);
    clock.advance(1000);
    const removed = await urls.remove(code);
    expect(removed).toMatchObject({ deleted_at: new Date(clock.now()), version: 2 });
    expect(await urls.remove(code)).toBeUndefined();
    expect(await urls.change(code, { title: 'New' })).toBeUndefined();
    expect(await urls.find(code)).toEqual(removed);
    clock.advance(1000);
    expect(await urls.restore(code)).toEqual({ ...created, version: 3, updated_at: new Date(clock.now()) });
    expect(await urls.restore(code)).toBeUndefined();
  });

  test('knows nothing of a code that was never created', async () => {
    const { urls } = setUp();
    expect(await urls.find(code)).toBeUndefined();
    expect(await urls.change(code, { title: 'x' })).toBeUndefined();
    expect(await urls.read([code], [])).toEqual([]);
  });

  test('counts a pending batch before it is applied, and not again after', async () => {
    const { urls, counters } = setUp();
    await urls.create(values);
    await urls.create({ ...values, short_code: 'other' as ShortCode });
    const batches = [
      { id: 'first', deltas: new Map([[code, 3]]) },
      { id: 'second', deltas: new Map([[code, 4]]) },
    ] as const;
    const count = async () => (await urls.read([code], batches))[0]?.visit_count;
    expect(await count()).toBe(7);
    await counters.apply(batches[0]);
    expect(await count()).toBe(7);
    await counters.apply(batches[1]);
    expect(await count()).toBe(7);
    expect((await urls.read(['other' as ShortCode], batches))[0]?.visit_count).toBe(0);
    expect((await urls.find(code))?.visit_count).toBe(7);
  });
}
