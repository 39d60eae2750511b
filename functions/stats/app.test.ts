import { v7 as uuidv7 } from 'uuid';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Visit } from '@terse/core/visits/visit';
import { openTestServices, TEST_API_KEY, type TestServices } from '@terse/runtime/services/test-services';
import type { ShortCode } from '@terse/core/links/short-code';
import { createStatsApp } from './app.ts';

const FIREFOX = 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0';

let services: TestServices;
let app: ReturnType<typeof createStatsApp>;
let code: ShortCode;

beforeAll(async () => {
  services = await openTestServices();
  app = createStatsApp(services);
  code = (await services.linkService.shorten({ original_url: 'https://example.com/' })).short_code;
  await services.writer.write([
    message(
      visitAt('2026-11-22T10:00:00Z', { country: 'DE', referrer: 'https://www.news.example/a' }),
      visitAt('2026-11-24T09:59:59Z', { country: 'DE' }),
      visitAt('2026-11-24T11:00:00Z', { country: 'FR' }),
      visitAt('2026-11-24T11:00:01Z', { user_agent: 'curl/8', is_bot: true }),
    ),
  ]);
});
afterAll(() => services.close());

const message = (...visits: readonly Visit[]) => ({ body: JSON.stringify(visits) });

function visitAt(time: string, more: Partial<Visit>): Visit {
  const timestamp = Date.parse(time);
  return {
    id: uuidv7({ msecs: timestamp }),
    short_code: code,
    ip: '192.0.2.0',
    timestamp,
    user_agent: FIREFOX,
    referrer: null,
    country: null,
    is_bot: false,
    ...more,
  };
}

async function get(path: string, key = TEST_API_KEY) {
  const response = await app.request(`/api/v1/links/${path}`, {
    headers: { Authorization: `Bearer ${key}` },
  });
  return { status: response.status, body: (await response.json()) as Record<string, unknown> };
}

test('sums up a period: totals, every day of it, and where visitors came from', async () => {
  const { status, body } = await get(`${code}/stats?from=2026-11-22T00:00:00Z&to=2026-11-25T00:00:00Z`);
  expect(status).toBe(200);
  expect(body).toEqual({
    short_code: code,
    from: '2026-11-22T00:00:00.000Z',
    to: '2026-11-25T00:00:00.000Z',
    interval: 'day',
    totals: { visits: 3, bot_visits: 1 },
    series: [
      { start: '2026-11-22T00:00:00.000Z', visits: 1, bot_visits: 0 },
      { start: '2026-11-23T00:00:00.000Z', visits: 0, bot_visits: 0 },
      { start: '2026-11-24T00:00:00.000Z', visits: 2, bot_visits: 1 },
    ],
    breakdown: {
      referrer: [
        { value: 'news.example', visits: 1 },
        { value: '(unknown)', visits: 2 },
      ],
      country: [
        { value: 'DE', visits: 2 },
        { value: 'FR', visits: 1 },
      ],
      browser: [{ value: 'Firefox', visits: 3 }],
      os: [{ value: 'Linux', visits: 3 }],
      device: [{ value: 'desktop', visits: 3 }],
    },
  });
});

test('reports on the last thirty days and today by default', async () => {
  const { body } = await get(`${code}/stats`);
  expect(body).toMatchObject({ from: '2026-10-25T00:00:00.000Z', to: '2026-11-25T00:00:00.000Z' });
  expect(body['totals']).toEqual({ visits: 3, bot_visits: 1 });
});

test('the default beginning of a period is one that a caller may ask for', async () => {
  const { body } = await get(`${code}/stats?to=2000-01-02T00:00:00Z`);
  expect(body).toMatchObject({ from: '2000-01-01T00:00:00.000Z', to: '2000-01-02T00:00:00.000Z' });
});

test('counts a visit at the beginning of the period, and none at its end', async () => {
  const { body } = await get(`${code}/stats?from=2026-11-24T09:59:59Z&to=2026-11-24T11:00:00Z`);
  expect(body).toMatchObject({
    from: '2026-11-24T09:59:59.000Z',
    to: '2026-11-24T11:00:00.000Z',
    totals: { visits: 1, bot_visits: 0 },
    breakdown: { browser: [{ value: 'Firefox', visits: 1 }] },
  });
});

test('counts only visits of the period when an interval is longer', async () => {
  const query = 'from=2026-11-24T00:00:00Z&to=2026-11-24T10:30:00Z&interval=month';
  const { body } = await get(`${code}/stats?${query}`);
  expect(body).toMatchObject({
    totals: { visits: 1, bot_visits: 0 },
    series: [{ start: '2026-11-01T00:00:00.000Z', visits: 1, bot_visits: 0 }],
    breakdown: { country: [{ value: 'DE', visits: 1 }] },
  });
});

test('names as many values as the limit allows, and sums up the rest', async () => {
  const { short_code } = await services.linkService.shorten({ original_url: 'https://example.com/' });
  const hosts = Array.from({ length: 12 }, (_, index) => `site${index}.example`);
  await services.writer.write([
    message(
      ...hosts.map((host) => visitAt('2026-11-24T11:00:00Z', { short_code, referrer: `https://${host}/` })),
    ),
  ]);
  const referrers = async (limit: string) => {
    const { body } = await get(`${short_code}/stats${limit}`);
    return (body['breakdown'] as { referrer: { value: string; visits: number }[] }).referrer;
  };
  expect(await referrers('')).toHaveLength(11);
  expect((await referrers('')).at(-1)).toEqual({ value: '(other)', visits: 2 });
  expect((await referrers('?limit=1')).at(-1)).toEqual({ value: '(other)', visits: 11 });
  const all = await referrers('?limit=1000');
  expect(all.map(({ value }) => value).toSorted()).toEqual(hosts.toSorted());
});

test('reports on a link without visits at every interval', async () => {
  const { short_code } = await services.linkService.shorten({ original_url: 'https://example.com/' });
  for (const interval of ['hour', 'day', 'week', 'month']) {
    const { status, body } = await get(`${short_code}/stats?interval=${interval}`);
    expect(status).toBe(200);
    expect(body).toMatchObject({
      totals: { visits: 0, bot_visits: 0 },
      breakdown: { referrer: [], country: [], browser: [], os: [], device: [] },
    });
  }
});

test('reports by the hour', async () => {
  const { body } = await get(`${code}/stats?from=2026-11-24T09:30:00Z&to=2026-11-24T12:00:00Z&interval=hour`);
  expect((body['series'] as { visits: number }[]).map(({ visits }) => visits)).toEqual([1, 0, 1]);
});

test('shows single visits, newest first, page by page', async () => {
  const first = await get(`${code}/stats/visits?limit=3`);
  const rest = await get(`${code}/stats/visits?limit=3&cursor=${String(first.body['next_cursor'])}`);
  const seen = [...(first.body['visits'] as Visit[]), ...(rest.body['visits'] as Visit[])];
  expect(seen.map(({ timestamp }) => timestamp)).toEqual([
    '2026-11-24T11:00:01.000Z',
    '2026-11-24T11:00:00.000Z',
    '2026-11-24T09:59:59.000Z',
    '2026-11-22T10:00:00.000Z',
  ]);
  expect(seen[0]).toMatchObject({ is_bot: true, user_agent: 'curl/8', ip: '192.0.2.0' });
  expect(rest.body['next_cursor']).toBeNull();
});

test('pages through visits of the same milliseconds without a gap or a repetition, at every page size', async () => {
  const { short_code } = await services.linkService.shorten({ original_url: 'https://example.com/' });
  const visits = Array.from({ length: 20 }, (_, index) =>
    visitAt(`2026-11-24T11:00:00.00${index % 3}Z`, { short_code }),
  );
  await services.writer.write([message(...visits)]);
  const newestFirst = visits
    .map(({ id }) => id)
    .toSorted()
    .toReversed();
  for (const limit of [1, 3, 7, 10, 19, 20, 21]) {
    const seen: string[] = [];
    let pages = 0;
    for (let cursor: string | null = ''; cursor !== null; pages++) {
      const spelled = pages % 2 ? cursor.toUpperCase() : cursor;
      const { status, body } = await get(
        `${short_code}/stats/visits?limit=${limit}${cursor === '' ? '' : `&cursor=${spelled}`}`,
      );
      expect(status).toBe(200);
      seen.push(...(body['visits'] as Visit[]).map(({ id }) => id));
      cursor = body['next_cursor'] as string | null;
    }
    expect(seen).toEqual(newestFirst);
    expect(pages).toBe(Math.ceil(visits.length / limit));
  }
});

test('reports on a deleted link as before', async () => {
  const { short_code } = await services.linkService.shorten({ original_url: 'https://example.com/' });
  await services.linkService.remove(short_code);
  expect((await get(`${short_code}/stats`)).status).toBe(200);
});

describe('refuses', () => {
  test.each([
    ['from=2026-11-24T00:00:00Z&to=2026-11-24T00:00:00Z', 'from'],
    ['from=yesterday', 'from'],
    ['interval=minute', 'interval'],
    ['interval=hour&from=2020-01-01T00:00:00Z', 'interval'],
    ['interval=day&from=2024-01-01T00:00:00Z', 'interval'],
    ['from=2026-11-24T12:00:00.001Z', 'from'],
    ['to=2020-01-01T00:00:00Z&from=2020-01-02T00:00:00Z', 'from'],
    ['to=9999-12-31T23:59:59Z', 'to'],
    ['limit=0', 'limit'],
    ['limit=1001', 'limit'],
    ['limit=x', 'limit'],
    ['limit=', 'limit'],
    ['limit=3&limit=3', 'limit'],
    ['interval=day&interval=hour', 'interval'],
    ['unknown=1', 'unknown'],
  ])('?%s', async (query, field) => {
    const { status, body } = await get(`${code}/stats?${query}`);
    expect(status).toBe(422);
    expect(body['errors']).toEqual([expect.objectContaining({ field })]);
  });

  test.each([
    'x',
    '',
    '00000000-0000-0000-0000-000000000000',
    'ffffffff-ffff-ffff-ffff-ffffffffffff',
    '5f3c1a9e-8d0b-4a57-9c36-2b1f0e6d7a84',
  ])('an unknown cursor: "%s"', async (cursor) => {
    const { status, body } = await get(`${code}/stats/visits?cursor=${cursor}`);
    expect(status).toBe(422);
    expect(body['errors']).toEqual([expect.objectContaining({ field: 'cursor' })]);
  });

  test('links that never existed', async () => {
    expect((await get('never/stats')).status).toBe(404);
    expect((await get('never/stats/visits')).status).toBe(404);
  });

  test('callers without a key', async () => {
    expect((await get(`${code}/stats`, 'wrong')).status).toBe(401);
  });
});

test.each(['stats/nope', 'stats/visits/nope', 'stats/nope/nope'])(
  'nothing is served at %s, whatever the method',
  async (path) => {
    for (const method of ['GET', 'POST', 'DELETE', 'OPTIONS']) {
      const response = await app.request(`/api/v1/links/x/${path}`, {
        method,
        headers: { Authorization: `Bearer ${TEST_API_KEY}` },
      });
      expect([method, response.status]).toEqual([method, 404]);
    }
  },
);

test.each(['stats', 'stats/visits'])('%s is read, and nothing else', async (path) => {
  const response = await app.request(`/api/v1/links/x/${path}`, {
    method: 'POST',
    headers: { Authorization: `Bearer ${TEST_API_KEY}` },
  });
  expect([response.status, response.headers.get('Allow')]).toEqual([405, 'GET, HEAD']);
});
