import { expect, test, vi } from 'vitest';
import type { UrlRepository } from '@terse/repository/url-repository';
import { createTestClock } from './test-clock.ts';
import { testLink } from './test-link.ts';
import { createTestMetrics } from './test-metrics.ts';
import { createUrlService } from './url-service.ts';

const link = { ...testLink, visit_count: 7 };

function setUp() {
  const repository = {
    find: vi.fn<UrlRepository['find']>(() => Promise.resolve(link)),
    create: vi.fn<UrlRepository['create']>(() => Promise.resolve(link)),
    change: vi.fn<UrlRepository['change']>(() => Promise.resolve(link)),
    remove: vi.fn<UrlRepository['remove']>(() => Promise.resolve({ ...link, deleted_at: new Date(0) })),
    restore: vi.fn<UrlRepository['restore']>(() => Promise.resolve(link)),
    page: vi.fn<UrlRepository['page']>(() => Promise.resolve({ codes: [link.short_code], next: undefined })),
    read: vi.fn<UrlRepository['read']>(() => Promise.resolve([link])),
  };
  const cache = { put: vi.fn(() => Promise.resolve()) };
  const counter = { pending: vi.fn(() => Promise.resolve([])) };
  const metrics = createTestMetrics();
  const failed = vi.spyOn(metrics, 'cacheFailed');
  const clock = createTestClock();
  const urls = createUrlService({ repository, cache, counter, metrics, clock, isOwnUrl: () => false });
  return { repository, cache, counter, failed, urls };
}

test('every change is in the cache when it is answered, with its version', async () => {
  const { urls, cache } = setUp();
  await urls.shorten({ original_url: 'https://example.com/' });
  await urls.change('hello', { title: 'New' });
  await urls.remove('hello');
  await urls.restore('hello');
  expect(cache.put.mock.calls.flat()).toMatchObject([
    { state: 'active', version: 1 },
    { state: 'active', version: 1 },
    { state: 'deleted', version: 1 },
    { state: 'active', version: 1 },
  ]);
});

test('links are made, changed and shown while the cache and the counter are down, with the visits that are flushed', async () => {
  const { urls, cache, counter, failed } = setUp();
  cache.put.mockRejectedValue(new Error('down'));
  counter.pending.mockRejectedValue(new Error('down'));
  expect(await urls.shorten({ original_url: 'https://example.com/' })).toEqual(link);
  expect(await urls.change('hello', { title: 'New' })).toEqual(link);
  expect((await urls.list({ visibility: 'all' }, 10)).links).toEqual([link]);
  expect(failed.mock.calls.flat()).toEqual(['put', 'put', 'get', 'get']);
});

test('another code is tried when a generated one is taken, a bounded number of times', async () => {
  const { urls, repository } = setUp();
  repository.create.mockResolvedValueOnce(undefined).mockResolvedValueOnce(undefined);
  expect(await urls.shorten({ original_url: 'https://example.com/' })).toEqual(link);
  const codes = repository.create.mock.calls.map(([values]) => values.short_code);
  expect(new Set(codes).size).toBe(3);
  repository.create.mockResolvedValue(undefined);
  await expect(urls.shorten({ original_url: 'https://example.com/' })).rejects.toMatchObject({
    code: 'unavailable',
  });
});
