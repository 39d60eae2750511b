import { LIFETIMES } from '@terse/cache/cache.contract';
import { createRedisCache } from '@terse/cache/redis-cache';
import type { ActiveLink } from '@terse/core/links/link';
import type { LinkRepository } from '@terse/core/links/ports';
import { createLinkResolver } from '@terse/core/links/resolver/link-resolver';
import type { ShortCode } from '@terse/core/links/short-code';
import { testCopy, testLink, testVisitor } from '@terse/core/links/test-link';
import { createTestMetrics } from '@terse/core/test-metrics';
import { createTestClock } from '@terse/platform/test-clock';
import { expect, test, vi } from 'vitest';
import type { RedisServer } from './redis-server.ts';

const CODE = 'x' as ShortCode;
const KEY = `short:${CODE}`;
const LINK: ActiveLink = { ...testCopy, short_code: CODE, version: 3 };
const json = (more: object) => JSON.stringify({ ...LINK, ...more });

const BAD_COPIES: readonly [name: string, ...command: string[]][] = [
  ['an empty object', 'SET', KEY, '{}'],
  ['nothing', 'SET', KEY, ''],
  ['no JSON', 'SET', KEY, 'no JSON'],
  ['bytes', 'SET', KEY, '\u0000\uFFFD{'],
  ['null', 'SET', KEY, 'null'],
  ['a number', 'SET', KEY, '12'],
  ['an array', 'SET', KEY, '[1,2]'],
  ['arrays in arrays', 'SET', KEY, '['.repeat(2000) + ']'.repeat(2000)],
  ['only a version', 'SET', KEY, '{"version":99}'],
  ['a version that is text', 'SET', KEY, json({ version: '99' })],
  ['a version that is huge', 'SET', KEY, json({ version: 1e300 })],
  ['a version beyond the column', 'SET', KEY, json({ version: 2 ** 31 })],
  ['a version that is not whole', 'SET', KEY, json({ version: 98.5 })],
  ['a negative version', 'SET', KEY, json({ version: -1 })],
  ['another state', 'SET', KEY, json({ state: 'lost', version: 99 })],
  ['another code', 'SET', KEY, json({ short_code: 'y', version: 99 })],
  ['no URL', 'SET', KEY, json({ original_url: 'null', version: 99 })],
  ['a URL that must not be followed', 'SET', KEY, json({ original_url: 'javascript:alert(1)', version: 99 })],
  ['another status', 'SET', KEY, json({ redirect_status: 200, version: 99 })],
  ['an expiry that is text', 'SET', KEY, json({ expires_at: 'soon', version: 99 })],
  ['pinned by a text', 'SET', KEY, json({ pinned: 'no', version: 99 })],
  ['no time of reading', 'SET', KEY, json({ read_at: null, version: 99 })],
  ['too much', 'SET', KEY, json({ title: 'x'.repeat(100_000), version: 99 })],
  ['a hash', 'HSET', KEY, 'version', '99'],
  ['a list', 'RPUSH', KEY, '{}'],
  ['a set', 'SADD', KEY, '{}'],
  ['a stream', 'XADD', KEY, '*', 'a', 'b'],
];

/** Foreign values at the key of a link, of every type and shape: each counts as absent. */
export function describeForeignLinks({ redis, admin }: RedisServer): void {
  const other = { ...LINK, short_code: 'other' as ShortCode };

  test.each(BAD_COPIES)('a visitor or a change replaces %s by the link', async (_name, ...command) => {
    const cache = createRedisCache(redis(), LIFETIMES);
    await cache.put(other);
    const findAll = vi.fn<LinkRepository['findAll']>(() =>
      Promise.resolve([{ ...testLink, ...LINK, expires_at: null }]),
    );
    const resolve = () =>
      createLinkResolver({
        cache,
        repository: { findAll },
        clock: createTestClock(),
        metrics: createTestMetrics(),
      }).resolve(CODE, testVisitor);

    await admin.sendCommand(command);
    expect(await resolve()).toMatchObject({ kind: 'redirect', location: LINK.original_url });
    await vi.waitFor(async () => expect(await cache.getAll([CODE])).toMatchObject([{ version: 3 }]));
    expect(await resolve()).toMatchObject({ kind: 'redirect' });
    expect(findAll).toHaveBeenCalledTimes(1);

    await admin.sendCommand(['DEL', KEY]);
    await admin.sendCommand(command);
    // A visit before a change, or a change before a visit.
    const changed = { ...LINK, version: 4, original_url: 'https://example.com/changed' };
    await cache.put(changed);
    await cache.getAll([CODE]);
    await cache.put(changed);
    expect(await cache.getAll([CODE, other.short_code])).toEqual([changed, other]);
  });
}
