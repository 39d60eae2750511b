import { beforeEach, describe, expect, test, vi } from 'vitest';
import { createMemoryCache } from '@terse/cache/memory-cache';
import { type CachedLink, type Link, toCachedLink } from '../link.ts';
import { createLinkResolver } from './link-resolver.ts';
import { parseShortCode, type ShortCode } from '../short-code.ts';
import { createTestClock } from '@terse/platform/test-clock';
import { testLink, testVisitor } from '../test-link.ts';
import { createTestMetrics } from '../../test-metrics.ts';

const code = testLink.short_code;
const clock = createTestClock();
const link = testLink;

function setUp() {
  const cache = createMemoryCache({ maxEntries: 100, linkTtlSeconds: 60, absentTtlSeconds: 10, clock });
  const find = vi.fn<(code: ShortCode) => Promise<Link | undefined>>();
  const findAll = vi.fn((codes: readonly ShortCode[]) => Promise.all(codes.map((each) => find(each))));
  const metrics = createTestMetrics();
  const resolver = createLinkResolver({ cache, repository: { findAll }, clock, metrics });
  return {
    cache,
    find,
    findAll,
    metrics,
    resolver: { resolve: (of: ShortCode) => resolver.resolve(of, testVisitor) },
  };
}

let services: ReturnType<typeof setUp>;
beforeEach(() => {
  services = setUp();
});

test('asks the repository once for a code, then answers from memory at once', async () => {
  services.find.mockResolvedValue(link);
  await services.resolver.resolve(code);
  const again = services.resolver.resolve(code);
  expect(again).not.toBeInstanceOf(Promise);
  expect(again).toMatchObject({ kind: 'redirect', location: 'https://example.com/', status: 307 });
  expect(services.find).toHaveBeenCalledTimes(1);
});

test('asks the repository once when many wait for the same code', async () => {
  const { promise, resolve } = Promise.withResolvers<Link>();
  services.find.mockReturnValue(promise);
  const waiting = Array.from({ length: 1000 }, () => services.resolver.resolve(code));
  resolve(link);
  const answers = await Promise.all(waiting);
  expect(answers.every(({ kind }) => kind === 'redirect')).toBe(true);
  expect(services.find).toHaveBeenCalledTimes(1);
});

test('asks the repository for many codes at once, a bounded number of them', async () => {
  services.find.mockImplementation((each) =>
    Promise.resolve({ ...link, original_url: `https://example.com/${each}` }),
  );
  const codes = Array.from({ length: 250 }, (_, index) => `code${index}` as ShortCode);
  const answers = await Promise.all(codes.map((each) => services.resolver.resolve(each)));
  expect(answers).toEqual(
    codes.map((each) => expect.objectContaining({ location: `https://example.com/${each}` })),
  );
  expect(services.findAll.mock.calls.map(([asked]) => asked.length)).toEqual([100, 100, 50]);
});

test('makes nobody wait for a link that is visited all the time', async () => {
  services.find.mockResolvedValue(link);
  await services.resolver.resolve(code);
  const getAll = vi.spyOn(services.cache, 'getAll');
  for (let elapsed = 0; elapsed < 10_000; elapsed += 100) {
    clock.advance(100);
    expect(services.resolver.resolve(code)).not.toBeInstanceOf(Promise);
    await new Promise(setImmediate);
  }
  // Every 0.9 to 1 seconds.
  expect(getAll.mock.calls.length).toBeLessThanOrEqual(11);
  expect(getAll.mock.calls.length).toBeGreaterThanOrEqual(7);
});

test('reloads links together, as many as share a command', async () => {
  const codes = Array.from({ length: 150 }, (_, index) => `code${index}` as ShortCode);
  services.find.mockImplementation((short_code) => Promise.resolve({ ...link, short_code }));
  const { promise: gathered, resolve: stopGathering } = Promise.withResolvers<void>();
  const resolver = createLinkResolver({
    cache: services.cache,
    repository: { findAll: services.findAll },
    clock: { ...clock, sleep: () => gathered },
    metrics: services.metrics,
  });
  await Promise.all(codes.map((each) => resolver.resolve(each, testVisitor)));
  const getAll = vi.spyOn(services.cache, 'getAll');
  clock.advance(1000);
  const visit = async (some: readonly ShortCode[]) => {
    for (const each of [...some, ...some]) {
      expect(resolver.resolve(each, testVisitor)).not.toBeInstanceOf(Promise);
      await new Promise(setImmediate);
    }
  };
  await visit(codes.slice(0, 99));
  expect(getAll).not.toHaveBeenCalled();
  await visit(codes.slice(99));
  expect(getAll.mock.calls).toEqual([[codes.slice(0, 100)]]);
  stopGathering();
  await vi.waitFor(() => expect(getAll.mock.calls).toEqual([[codes.slice(0, 100)], [codes.slice(100)]]));
});

test('asks the cache for many codes at once, a bounded number of them', async () => {
  const getAll = vi.spyOn(services.cache, 'getAll');
  services.find.mockResolvedValue(undefined);
  const codes = Array.from({ length: 250 }, (_, index) => `code${index}` as ShortCode);
  await Promise.all(codes.map((each) => services.resolver.resolve(each)));
  expect(getAll.mock.calls.map(([asked]) => asked.length)).toEqual([100, 100, 50]);
});

test.each<Partial<Link>>([
  { original_url: 'https://example.com/new' },
  { redirect_status: 301 },
  { expires_at: new Date(clock.now() + 1e9) },
  { expires_at: new Date(0) },
  { original_url: 'javascript:alert(1)' },
  { deleted_at: new Date(0) },
])('refresh-ahead sees any change: %o', async (change) => {
  services.find.mockResolvedValue(link);
  await services.resolver.resolve(code);
  const changed = { ...link, ...change, version: 2 };
  await services.cache.put(toCachedLink(code, changed, clock.now()));
  clock.advance(1000);
  expect(await services.resolver.resolve(code)).toMatchObject({ location: link.original_url });
  const afterwards = setUp();
  afterwards.find.mockResolvedValue(changed);
  const expected = await afterwards.resolver.resolve(code);
  await vi.waitFor(() => expect(services.resolver.resolve(code)).toEqual(expected));
});

test('refresh-ahead goes on after it has failed', async () => {
  services.find.mockResolvedValue(link);
  await services.resolver.resolve(code);
  const getAll = vi.spyOn(services.cache, 'getAll').mockRejectedValue(new Error('down'));
  services.find.mockRejectedValue(new Error('down'));
  for (let elapsed = 0; elapsed < 5000; elapsed += 100) {
    clock.advance(100);
    expect(services.resolver.resolve(code)).toMatchObject({ location: link.original_url });
    for (let turn = 0; turn < 5; turn++) await new Promise(setImmediate);
  }
  expect(getAll.mock.calls.length).toBeGreaterThanOrEqual(4);
  expect(services.find.mock.calls.length).toBeGreaterThanOrEqual(5);
});

test('sees a change within two seconds, also when the link is visited all the time', async () => {
  services.find.mockResolvedValue(link);
  await services.resolver.resolve(code);
  await services.cache.put({ state: 'deleted', short_code: code, version: 2 });
  const seen: string[] = [];
  for (let elapsed = 0; elapsed <= 2000; elapsed += 100) {
    seen.push((await services.resolver.resolve(code)).kind);
    clock.advance(100);
  }
  expect(seen.at(0)).toBe('redirect');
  expect((await services.resolver.resolve(code)).kind).toBe('deleted');
});

test('sees a change within two seconds, also when the time of day is set back meanwhile', async () => {
  services.find.mockResolvedValue(link);
  await services.resolver.resolve(code);
  await services.cache.put({ state: 'deleted', short_code: code, version: 2 });
  clock.jump(-86_400_000);
  clock.advance(2000);
  expect((await services.resolver.resolve(code)).kind).toBe('deleted');
});

test('reloads a pinned link each minute, in the background, so that no change stays unseen', async () => {
  const pinned = { ...link, pinned: true };
  services.find.mockResolvedValueOnce(pinned);
  await services.resolver.resolve(code);
  services.find.mockRejectedValueOnce(new Error('down'));
  clock.advance(61_000);
  expect((await services.resolver.resolve(code)).kind).toBe('redirect');
  await vi.waitFor(() => expect(services.find).toHaveBeenCalledTimes(2));
  services.find.mockResolvedValueOnce({ ...pinned, version: 2, deleted_at: new Date(0) });
  clock.advance(2000);
  expect((await services.resolver.resolve(code)).kind).toBe('redirect');
  await vi.waitFor(() => expect(services.find).toHaveBeenCalledTimes(3));
  await vi.waitFor(async () => {
    clock.advance(2000);
    expect((await services.resolver.resolve(code)).kind).toBe('deleted');
  });
  expect(services.find).toHaveBeenCalledTimes(3);
});

test('replaces a foreign pinned copy in the cache', async () => {
  const foreign = { state: 'active', pinned: true, read_at: 0 } as CachedLink;
  vi.spyOn(services.cache, 'getAll').mockResolvedValueOnce([foreign]);
  services.find.mockResolvedValue(link);
  expect((await services.resolver.resolve(code)).kind).toBe('blocked');
  await vi.waitFor(async () =>
    expect(await services.cache.getAll([code])).toMatchObject([{ state: 'active', version: 1 }]),
  );
  clock.advance(2000);
  expect((await services.resolver.resolve(code)).kind).toBe('redirect');
});

test('remembers an unknown code instead of asking the repository again', async () => {
  services.find.mockResolvedValue(undefined);
  expect(await services.resolver.resolve(code)).toEqual({ kind: 'unknown' });
  clock.advance(5000);
  expect(await services.resolver.resolve(code)).toEqual({ kind: 'unknown' });
  expect(services.find).toHaveBeenCalledTimes(1);
});

test('says expired from the exact millisecond on, also for a link in memory', async () => {
  services.find.mockResolvedValue({ ...link, expires_at: new Date(clock.now() + 500) });
  expect((await services.resolver.resolve(code)).kind).toBe('redirect');
  clock.advance(499);
  expect((await services.resolver.resolve(code)).kind).toBe('redirect');
  clock.advance(1);
  expect((await services.resolver.resolve(code)).kind).toBe('expired');
});

test.each(['javascript:alert(1)', 'https://example.com/\nX: y', 'nonsense'])(
  'blocks %j from the database',
  async (original_url) => {
    services.find.mockResolvedValue({ ...link, original_url });
    expect((await services.resolver.resolve(code)).kind).toBe('blocked');
  },
);

describe('when a backing service is down', () => {
  test('goes on from the repository without the cache', async () => {
    services.find.mockResolvedValue(link);
    vi.spyOn(services.cache, 'getAll').mockRejectedValue(new Error('down'));
    vi.spyOn(services.cache, 'put').mockRejectedValue(new Error('down'));
    const failed = vi.spyOn(services.metrics, 'cacheFailed');
    expect((await services.resolver.resolve(code)).kind).toBe('redirect');
    expect(failed.mock.calls.flat()).toEqual(['get', 'put']);
  });

  test('serves the link that it knew last when neither cache nor repository answers', async () => {
    services.find.mockResolvedValueOnce(link).mockRejectedValue(new Error('down'));
    await services.resolver.resolve(code);
    vi.spyOn(services.cache, 'getAll').mockRejectedValue(new Error('down'));
    clock.advance(60_000);
    expect((await services.resolver.resolve(code)).kind).toBe('redirect');
    expect(services.find).toHaveBeenCalledTimes(2);
  });

  test('says unavailable, not unknown, for a code it never saw, and finds it once the repository is back', async () => {
    services.find.mockRejectedValueOnce(new Error('down')).mockResolvedValue(link);
    await expect(services.resolver.resolve(code)).rejects.toMatchObject({ code: 'unavailable' });
    expect((await services.resolver.resolve(code)).kind).toBe('redirect');
  });
});

test('holds a bounded number of codes', async () => {
  services.find.mockResolvedValue(undefined);
  const resolver = createLinkResolver({
    cache: services.cache,
    repository: { findAll: services.findAll },
    clock,
    metrics: services.metrics,
    maxEntries: 10,
  });
  const codes = Array.from({ length: 50 }, (_, index) => parseShortCode(`code${index}`)).filter(
    (c) => c !== undefined,
  );
  const answers = await Promise.all(codes.map((each) => resolver.resolve(each, testVisitor)));
  expect(answers.every(({ kind }) => kind === 'unknown')).toBe(true);
  const remembered = codes.filter((each) => !(resolver.resolve(each, testVisitor) instanceof Promise));
  expect(remembered.length).toBeLessThanOrEqual(10);
});
