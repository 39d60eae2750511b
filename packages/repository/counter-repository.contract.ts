import { beforeEach, expect, test } from 'vitest';
import type { ShortCode } from '@terse/core/links/short-code';
import { testValues } from '@terse/core/links/test-link';
import { systemClock } from '@terse/platform/clock';
import { createCounterRepository } from './counter-repository.ts';
import type { OpenDatabase } from './open-database.ts';
import { createLinkRepository } from './link-repository.ts';

/** What counting in the repository promises on every database; `database` is migrated and empty before each test. */
export function describeCounterRepository(database: () => OpenDatabase): void {
  const a = 'a' as ShortCode;
  const b = 'b' as ShortCode;
  const options = () => ({ db: database().db, clock: systemClock });
  const counts = async () => {
    const links = await createLinkRepository(options()).read([a, b], []);
    return Object.fromEntries(links.map((link) => [link.short_code, link.visit_count]));
  };

  beforeEach(async () => {
    const links = createLinkRepository(options());
    for (const short_code of [a, b]) await links.create({ ...testValues, short_code });
  });

  test('applies a batch once, also when several try at once', async () => {
    const counters = createCounterRepository(options());
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

  test('skips codes that are no links', async () => {
    const counters = createCounterRepository(options());
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

  test('does not stamp a visited link as changed', async () => {
    const links = createLinkRepository(options());
    const before = await links.find(a);
    await createCounterRepository(options()).apply({ id: 'batch', deltas: new Map([[a, 1]]) });
    expect(await links.find(a)).toEqual({ ...before, visit_count: 1 });
  });

  test('prunes the oldest entries of the ledger, up to the limit, and keeps the rest', async () => {
    const counters = createCounterRepository(options());
    const entries = [1, 2, 3, 4, 5].map((day) => ({ id: `${day}`, applied_at: new Date(`2026-11-0${day}`) }));
    await database().db.insertInto('counter_batches').values(entries.toReversed()).execute();
    const left = async () =>
      (await database().db.selectFrom('counter_batches').select('id').orderBy('id').execute()).map(
        ({ id }) => id,
      );
    const before = new Date('2026-11-04');
    expect(await counters.prune(before, 2)).toBe(2);
    expect(await left()).toEqual(['3', '4', '5']);
    expect(await counters.prune(before, 2)).toBe(1);
    expect(await counters.prune(before, 2)).toBe(0);
    expect(await left()).toEqual(['4', '5']);
    expect(await counters.apply({ id: '4', deltas: new Map([[a, 1]]) })).toBe(false);
  });
}
