import { expect, test } from 'vitest';
import { createTestClock, type TestClock } from '@terse/platform/test-clock';
import type { ActiveLink, CachedLink } from '@terse/core/links/link';
import type { ShortCode } from '@terse/core/links/short-code';
import { testCopy } from '@terse/core/links/test-link';
import type { CacheLifetimes } from './cache.ts';
import type { Cache } from '@terse/core/links/ports';

export const LIFETIMES: CacheLifetimes = { linkTtlSeconds: 2, absentTtlSeconds: 1 };

/**
 * What every cache promises. `open` gives a cache with `LIFETIMES`, empty before each test; `pass` lets time pass for
 * it.
 */
export function describeCache(
  open: (clock: TestClock) => Cache,
  pass: (clock: TestClock, ms: number) => Promise<void>,
) {
  const code = testCopy.short_code;
  const link: ActiveLink = {
    ...testCopy,
    version: 3,
    original_url: 'https://example.com/?q=%C3%BC',
    expires_at: 1_795_521_600_000,
  };
  const setUp = () => {
    const clock = createTestClock();
    const cache = open(clock);
    const get = async (of: ShortCode) => (await cache.getAll([of]))[0];
    return { cache, get, pass: (ms: number) => pass(clock, ms) };
  };

  test('has no copy of an unknown code', async () => {
    expect(await setUp().get(code)).toBeUndefined();
  });

  test.each<CachedLink>([
    link,
    { ...link, expires_at: null, pinned: true, redirect_status: 301 },
    { state: 'deleted', short_code: code, version: 4 },
    { state: 'unknown', short_code: code, version: 0 },
    { ...link, original_url: 'https://example.com/?null=1e999&%F0%9F%94%97' },
  ])('returns a copy exactly as it was put: %o', async (given) => {
    const { cache, get } = setUp();
    await cache.put(given);
    expect(await get(code)).toEqual(given);
  });

  test('returns the copies of many codes, each in its place', async () => {
    const { cache } = setUp();
    await cache.put(link);
    const other = 'other' as ShortCode;
    expect(await cache.getAll([other, code, other, code])).toEqual([undefined, link, undefined, link]);
  });

  test('keeps codes apart by letter case', async () => {
    const { cache, get } = setUp();
    await cache.put(link);
    expect(await get('HELLO' as ShortCode)).toBeUndefined();
  });

  test('never lets an older copy replace a newer one', async () => {
    const { cache, get } = setUp();
    await cache.put(link);
    await cache.put({ ...link, version: 2, original_url: 'https://old.example/' });
    await cache.put({ state: 'unknown', short_code: code, version: 0 });
    expect(await get(code)).toEqual(link);
    const newer: CachedLink = { state: 'deleted', short_code: code, version: 4 };
    await cache.put(newer);
    expect(await get(code)).toEqual(newer);
  });

  test('compares versions as numbers', async () => {
    const { cache, get } = setUp();
    await cache.put({ ...link, version: 9 });
    await cache.put({ ...link, version: 10 });
    expect(await get(code)).toMatchObject({ version: 10 });
    await cache.put({ ...link, version: 9 });
    expect(await get(code)).toMatchObject({ version: 10 });
  });

  test('takes many at once, each by its own version', async () => {
    const { cache, get } = setUp();
    await cache.put(link);
    const others = Array.from({ length: 250 }, (_, index): CachedLink => ({
      ...link,
      short_code: `other-${index}` as ShortCode,
    }));
    const changed: CachedLink = { state: 'deleted', short_code: 'other-0' as ShortCode, version: 4 };
    const older: CachedLink = { state: 'unknown', short_code: code, version: 0 };
    await Promise.all([...others.slice(0, 120), older, changed, ...others].map((each) => cache.put(each)));
    expect(await get(code)).toEqual(link);
    expect(await cache.getAll(others.map(({ short_code }) => short_code))).toEqual([
      changed,
      ...others.slice(1),
    ]);
  });

  test('forgets a link after its time, an absent one sooner, a pinned one never', async () => {
    const { cache, get, pass } = setUp();
    const absent = 'absent' as ShortCode;
    const pinned = 'pinned' as ShortCode;
    await cache.put(link);
    await cache.put({ state: 'unknown', short_code: absent, version: 0 });
    await cache.put({ ...link, short_code: pinned, pinned: true });
    await pass(1200);
    expect(await get(code)).toBeDefined();
    expect(await get(absent)).toBeUndefined();
    await pass(1200);
    expect(await get(code)).toBeUndefined();
    expect(await get(pinned)).toBeDefined();
  });

  test('lets a link age from when it was put, not from when it was read', async () => {
    const { cache, get, pass } = setUp();
    await cache.put(link);
    await pass(1200);
    await get(code);
    await pass(1200);
    expect(await get(code)).toBeUndefined();
  });

  test('lets a link age again once it is no longer pinned', async () => {
    const { cache, get, pass } = setUp();
    await cache.put({ ...link, pinned: true });
    await cache.put({ ...link, version: 4 });
    await pass(2400);
    expect(await get(code)).toBeUndefined();
  });
}
