import { describe, expect, test, vi } from 'vitest';
import type { CachedLink } from './link.ts';
import { createTestClock } from '@terse/platform/test-clock';
import { testLink } from './test-link.ts';
import { createTestMetrics } from '../test-metrics.ts';
import { createLinkService } from './link-service.ts';
import type { LinkRepository } from './ports.ts';

const link = { ...testLink, visit_count: 7 };

function setUp() {
  const repository = {
    find: vi.fn<LinkRepository['find']>(() => Promise.resolve(link)),
    findAll: vi.fn<LinkRepository['findAll']>(() => Promise.resolve([link])),
    create: vi.fn<LinkRepository['create']>(() => Promise.resolve(link)),
    createAll: vi.fn<LinkRepository['createAll']>((values) =>
      Promise.resolve({ created: values.map((each) => ({ ...link, ...each })) }),
    ),
    change: vi.fn<LinkRepository['change']>(() => Promise.resolve(link)),
    remove: vi.fn<LinkRepository['remove']>(() => Promise.resolve({ ...link, deleted_at: new Date(0) })),
    restore: vi.fn<LinkRepository['restore']>(() => Promise.resolve(link)),
    page: vi.fn<LinkRepository['page']>(() => Promise.resolve({ codes: [link.short_code], next: undefined })),
    read: vi.fn<LinkRepository['read']>(() => Promise.resolve([link])),
  };
  const cache = { put: vi.fn<(link: CachedLink) => Promise<void>>(() => Promise.resolve()) };
  const counter = { pending: vi.fn(() => Promise.resolve([])) };
  const metrics = createTestMetrics();
  const failed = vi.spyOn(metrics, 'cacheFailed');
  const clock = createTestClock();
  const linkService = createLinkService({
    repository,
    cache,
    counter,
    metrics,
    clock,
    isOwnUrl: () => false,
  });
  return { repository, cache, counter, failed, clock, linkService };
}

test('puts every change into the cache before the answer, with its version', async () => {
  const { linkService, cache } = setUp();
  await linkService.shorten({ original_url: 'https://example.com/' });
  await linkService.change('hello', { title: 'New' });
  await linkService.remove('hello');
  await linkService.restore('hello');
  expect(cache.put.mock.calls.flat()).toMatchObject([
    { state: 'active', version: 1 },
    { state: 'active', version: 1 },
    { state: 'deleted', version: 1 },
    { state: 'active', version: 1 },
  ]);
});

test('makes, changes and shows links while cache and counter are down, with the flushed visits', async () => {
  const { linkService, cache, counter, failed } = setUp();
  cache.put.mockRejectedValue(new Error('down'));
  counter.pending.mockRejectedValue(new Error('down'));
  expect(await linkService.shorten({ original_url: 'https://example.com/' })).toEqual(link);
  expect(await linkService.change('hello', { title: 'New' })).toEqual(link);
  expect((await linkService.list({ visibility: 'all' }, 10)).links).toEqual([link]);
  expect(new Set(failed.mock.calls.flat())).toEqual(new Set(['put', 'get']));
});

test('puts a change that the cache did not take into it soon after it is back', async () => {
  const { linkService, cache } = setUp();
  cache.put.mockRejectedValueOnce(new Error('down')).mockRejectedValueOnce(new Error('down'));
  await linkService.remove('hello');
  expect(cache.put).toHaveBeenCalledTimes(1);
  await vi.waitFor(() => expect(cache.put).toHaveBeenCalledTimes(3));
  expect(cache.put.mock.lastCall).toMatchObject([{ state: 'deleted', short_code: 'hello' }]);
});

test('gives up a change that the cache never takes after a minute, when every older copy has aged', async () => {
  const { linkService, cache, clock } = setUp();
  cache.put.mockRejectedValue(new Error('down'));
  const begin = clock.now();
  await linkService.remove('hello');
  await vi.waitFor(() => expect(clock.now() - begin).toBe(60_000));
  const tries = cache.put.mock.calls.length;
  await new Promise((resolve) => {
    setTimeout(resolve, 20);
  });
  expect(cache.put).toHaveBeenCalledTimes(tries);
});

test('tries another code when a generated one is taken, a bounded number of times', async () => {
  const { linkService, repository } = setUp();
  repository.create.mockResolvedValueOnce(undefined).mockResolvedValueOnce(undefined);
  expect(await linkService.shorten({ original_url: 'https://example.com/' })).toEqual(link);
  const codes = repository.create.mock.calls.map(([values]) => values.short_code);
  expect(new Set(codes).size).toBe(3);
  repository.create.mockResolvedValue(undefined);
  await expect(linkService.shorten({ original_url: 'https://example.com/' })).rejects.toMatchObject({
    code: 'unavailable',
  });
});

describe('many links at once', () => {
  const to = (path: string, more: object = {}) => ({ original_url: `https://example.com/${path}`, ...more });

  test('are created in their order, each with a code, and are in the cache before the answer', async () => {
    const { linkService, cache } = setUp();
    const created = await linkService.shortenAll([to('a'), to('b', { short_code: 'mine' }), to('c')]);
    expect(created.map(({ original_url }) => original_url.at(-1))).toEqual(['a', 'b', 'c']);
    expect(created[1]?.short_code).toBe('mine');
    expect(new Set(created.map(({ short_code }) => short_code)).size).toBe(3);
    expect(cache.put.mock.calls.flat().map(({ short_code }) => short_code)).toEqual(
      created.map(({ short_code }) => short_code),
    );
  });

  test('are refused together, with every wrong field of each', async () => {
    const { linkService, repository } = setUp();
    const some = [
      to('a', { short_code: 'same' }),
      { original_url: 'ftp://example.com/' },
      to('b', { short_code: 'no code' }),
      to('c', { short_code: 'same' }),
      to('d', { expires_at: new Date(0) }),
    ];
    await expect(linkService.shortenAll(some)).rejects.toMatchObject({
      code: 'invalid_request',
      fields: [
        { field: 'links.1.original_url' },
        { field: 'links.2.short_code' },
        { field: 'links.3.short_code' },
        { field: 'links.4.expires_at' },
      ],
    });
    expect(repository.createAll).not.toHaveBeenCalled();
  });

  test('are refused together when the code of one is taken, and the field says which', async () => {
    const { linkService, repository, cache } = setUp();
    repository.createAll.mockResolvedValueOnce({ taken: [link.short_code] });
    await expect(linkService.shortenAll([to('a'), to('b', { short_code: 'hello' })])).rejects.toMatchObject({
      code: 'short_code_taken',
      fields: [{ field: 'links.1.short_code' }],
    });
    expect(cache.put).not.toHaveBeenCalled();
  });

  test('get other codes when a generated one is taken', async () => {
    const { linkService, repository } = setUp();
    repository.createAll.mockResolvedValueOnce({ taken: [link.short_code] });
    expect(await linkService.shortenAll([to('a'), to('b')])).toHaveLength(2);
    const [first, second] = repository.createAll.mock.calls.map(([values]) =>
      values.map(({ short_code }) => short_code),
    );
    expect(new Set([...(first ?? []), ...(second ?? [])]).size).toBe(4);
  });
});
