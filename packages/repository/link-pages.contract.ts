import { sql } from 'kysely';
import { expect, test } from 'vitest';
import type { Link } from '@terse/core/links/link';
import type { ShortCode } from '@terse/core/links/short-code';
import { testValues as values } from '@terse/core/links/test-link';
import { createTestClock } from '@terse/platform/test-clock';
import type { OpenDatabase } from './open-database.ts';
import { createLinkRepository } from './link-repository.ts';
import type { LinkValues } from '@terse/core/links/ports';

/** How links are listed on every database; `database` is migrated and empty before each test. */
export function describeLinkPages(database: () => OpenDatabase): void {
  const setUp = () => {
    const clock = createTestClock();
    return { clock, links: createLinkRepository({ db: database().db, clock }) };
  };
  const all = { visibility: 'all' } as const;

  test('go on after a link, also where instants differ by less than a millisecond', async () => {
    const { links } = setUp();
    await sql`
        insert into links (short_code, original_url, created_at, updated_at)
        select 'code' || n, 'https://example.com/', timestamptz '2026-11-24' + n * interval '1 microsecond', now()
        from generate_series(1, 5) as n
      `.execute(database().db);
    const first = await links.page(all, 3);
    expect(first.codes).toEqual(['code5', 'code4', 'code3']);
    expect((await links.page(all, 3, first.next)).codes).toEqual(['code2', 'code1']);
    expect((await links.page(all, 3, 'nothing' as ShortCode)).codes).toEqual([]);
  });

  test('show every link once, newest first, also those of one instant', async () => {
    const { links, clock } = setUp();
    for (let index = 0; index < 7; index++) {
      await links.create({ ...values, short_code: `code${index}` as ShortCode });
      if (index % 2 === 1) clock.advance(1);
    }
    const seen: string[] = [];
    let position: ShortCode | undefined;
    do {
      const page = await links.page(all, 3, position);
      seen.push(...page.codes);
      position = page.next;
    } while (position);
    expect(seen).toEqual(['code6', 'code5', 'code4', 'code3', 'code2', 'code1', 'code0']);
  });

  test('end when there is nothing more, also when the last one is full', async () => {
    const { links } = setUp();
    expect(await links.page(all, 3)).toEqual({ codes: [], next: undefined });
    for (const short_code of ['a', 'b', 'c'] as ShortCode[]) await links.create({ ...values, short_code });
    expect((await links.page(all, 3)).next).toBeUndefined();
  });

  test('keep to the filter', async () => {
    const { links } = setUp();
    const create = (short_code: string, more: Partial<LinkValues>) =>
      links.create({ ...values, ...more, short_code: short_code as ShortCode });
    await create('a', { tags: ['x', 'y'], title: '100% off_season' });
    await create('b', { tags: ['y'], original_url: 'https://shop.example/100' });
    await create('c', { title: String.raw`back\slash` });
    await links.remove('c' as ShortCode);
    const find = async (filter: Partial<Parameters<typeof links.page>[0]>) =>
      (await links.page({ ...all, ...filter }, 10)).codes.toSorted();
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
  test('return every instant that a database may hold as a valid date, also for single links', async () => {
    const { links } = setUp();
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
        insert into links (short_code, original_url, expires_at, created_at, updated_at, deleted_at, tags)
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
    const found = await links.findAll(codes);
    expect(found.map(shown)).toEqual(expected.map((each) => [each, each, each, each]));
    expect((await links.read(codes, [])).map(shown)).toHaveLength(codes.length);

    const seen: string[] = [];
    let after: ShortCode | undefined;
    do {
      const page = await links.page({ visibility: 'all' }, 1, after);
      seen.push(...page.codes);
      after = page.next;
    } while (after);
    expect(seen).toEqual(['always', 'last', 'y10000', 'y1999', 'y31', 'bc', 'never']);
  });
}
