import { sql } from 'kysely';
import { describe, expect, test } from 'vitest';
import type { Link } from '@terse/core/link';
import type { ShortCode } from '@terse/core/short-code';
import { createTestClock } from '@terse/core/test-clock';
import { createCounterRepository } from './counter-repository.ts';
import type { OpenDatabase } from './open-database.ts';
import { createUrlRepository, type LinkValues } from './url-repository.ts';

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

  test('gives every instant that a database may hold as a valid date, alone and in pages', async () => {
    const { urls } = setUp();
    const stored = {
      bc: ['0044-03-15 00:00:00+00 BC', '-000043-03-15T00:00:00.000Z'],
      y31: ['0031-01-01', '0031-01-01T00:00:00.000Z'],
      y1999: ['1999-12-31 23:59:59.999999+00', '1999-12-31T23:59:59.999Z'],
      y10000: ['10000-01-01', '+010000-01-01T00:00:00.000Z'],
      last: ['294276-12-31', '+275760-09-13T00:00:00.000Z'],
      always: ['infinity', '+275760-09-13T00:00:00.000Z'],
      never: ['-infinity', '-271821-04-20T00:00:00.000Z'],
    };
    for (const [code, [text]] of Object.entries(stored)) {
      await sql`
        insert into urls (short_code, original_url, expires_at, created_at, updated_at, deleted_at, tags)
        values (${code}, 'https://example.com/', ${text}::text::timestamptz, ${text}::text::timestamptz,
          ${text}::text::timestamptz, ${text}::text::timestamptz, array[null, 'a'])
      `.execute(database().db);
    }
    const expected = Object.values(stored).map(([, shown]) => shown);
    const codes = Object.keys(stored) as ShortCode[];
    const shown = (link?: Link) => [
      link?.expires_at?.toISOString(),
      link?.created_at.toISOString(),
      link?.updated_at.toISOString(),
      link?.deleted_at?.toISOString(),
    ];
    const found = await urls.findAll(codes);
    expect(found.map(shown)).toEqual(expected.map((each) => [each, each, each, each]));
    expect((await urls.read(codes, [])).map(shown)).toHaveLength(codes.length);

    const seen: string[] = [];
    let after: ShortCode | undefined;
    do {
      const page = await urls.page({ visibility: 'all' }, 1, after);
      seen.push(...page.codes);
      after = page.next;
    } while (after);
    expect(seen).toEqual(['always', 'last', 'y10000', 'y1999', 'y31', 'bc', 'never']);
  });

  describe('pages', () => {
    const all = { visibility: 'all' } as const;

    test('go on after a link, also where instants differ by less than a millisecond', async () => {
      const { urls } = setUp();
      await sql`
        insert into urls (short_code, original_url, created_at, updated_at)
        select 'code' || n, 'https://example.com/', timestamptz '2026-11-24' + n * interval '1 microsecond', now()
        from generate_series(1, 5) as n
      `.execute(database().db);
      const first = await urls.page(all, 3);
      expect(first.codes).toEqual(['code5', 'code4', 'code3']);
      expect((await urls.page(all, 3, first.next)).codes).toEqual(['code2', 'code1']);
      expect((await urls.page(all, 3, 'nothing' as ShortCode)).codes).toEqual([]);
    });

    test('show every link once, newest first, also those of one instant', async () => {
      const { urls, clock } = setUp();
      for (let index = 0; index < 7; index++) {
        await urls.create({ ...values, short_code: `code${index}` as ShortCode });
        if (index % 2 === 1) clock.advance(1);
      }
      const seen: string[] = [];
      let position: ShortCode | undefined;
      do {
        const page = await urls.page(all, 3, position);
        seen.push(...page.codes);
        position = page.next;
      } while (position);
      expect(seen).toEqual(['code6', 'code5', 'code4', 'code3', 'code2', 'code1', 'code0']);
    });

    test('end when there is nothing more, also when the last one is full', async () => {
      const { urls } = setUp();
      expect(await urls.page(all, 3)).toEqual({ codes: [], next: undefined });
      for (const short_code of ['a', 'b', 'c'] as ShortCode[]) await urls.create({ ...values, short_code });
      expect((await urls.page(all, 3)).next).toBeUndefined();
    });

    test('keep to the filter', async () => {
      const { urls } = setUp();
      const create = (short_code: string, more: Partial<LinkValues>) =>
        urls.create({ ...values, ...more, short_code: short_code as ShortCode });
      await create('a', { tags: ['x', 'y'], title: '100% off_season' });
      await create('b', { tags: ['y'], original_url: 'https://shop.example/100' });
      await create('c', { title: String.raw`back\slash` });
      await urls.remove('c' as ShortCode);
      const find = async (filter: Partial<Parameters<typeof urls.page>[0]>) =>
        (await urls.page({ ...all, ...filter }, 10)).codes.toSorted();
      expect(await find({ tags: ['x'] })).toEqual(['a']);
      expect(await find({ tags: ['y'] })).toEqual(['a', 'b']);
      expect(await find({ visibility: 'active' })).toEqual(['a', 'b']);
      expect(await find({ visibility: 'deleted' })).toEqual(['c']);
      expect(await find({ tags: ['x', 'y', 'x'] })).toEqual(['a']);
      expect(await find({ tags: ['x', 'z'] })).toEqual([]);
      expect(
        await find({
          tags: ['y'],
          search: { contains: ['100'], codePrefix: undefined },
          visibility: 'active',
        }),
      ).toEqual(['a', 'b']);
    });
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
