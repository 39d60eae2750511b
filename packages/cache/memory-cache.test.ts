import { describe, expect, test } from 'vitest';
import type { ShortCode } from '@terse/core/links/short-code';
import { createTestClock } from '@terse/platform/test-clock';
import { describeCache, LIFETIMES } from './cache.contract.ts';
import { createMemoryCache } from './memory-cache.ts';

describe('the in-process cache', () => {
  describeCache(
    (clock) => createMemoryCache({ ...LIFETIMES, maxEntries: 1000, clock }),
    (clock, ms) => Promise.resolve(clock.advance(ms)),
  );

  test('holds a bounded number of links', async () => {
    const cache = createMemoryCache({ ...LIFETIMES, maxEntries: 10, clock: createTestClock() });
    const codes = Array.from({ length: 50 }, (_, index) => `code${index}` as ShortCode);
    for (const short_code of codes) await cache.put({ state: 'unknown', short_code, version: 0 });
    const held = await cache.getAll(codes);
    expect(held.filter(Boolean)).toHaveLength(10);
  });
});
