import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { openTestServices, type TestServices } from '@terse/runtime/services/test-services';
import { createCounterFlushApp } from './app.ts';
import type { Delivery } from '@terse/core/visits/ports';
import { visit } from '@terse/core/visits/test-recorder';
import { HOUR_MS } from '@terse/platform/durations';

const NOTHING = { flushed: 0, corrected: 0, drained: 0, merged: 0, failed: [] };

let services: TestServices;
beforeAll(async () => {
  services = await openTestServices();
});
afterAll(() => services.close());

const fails = () => Promise.reject(new Error('down'));

async function tick(event: unknown, overrides: Partial<Parameters<typeof createCounterFlushApp>[0]> = {}) {
  const app = createCounterFlushApp({ ...services, ...overrides });
  const response = await app.request('/.events', {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify(event),
  });
  return { status: response.status, body: await response.json() };
}

test('flushes counts once, and shows the same count before and after', async () => {
  const { short_code } = await services.linkService.shorten({ original_url: 'https://example.com/' });
  for (let visits = 0; visits < 3; visits++) {
    services.recorder.record({ ...visit, shortCode: short_code });
  }
  await vi.waitFor(async () => expect((await services.linkService.read(short_code)).visit_count).toBe(3));
  expect(await tick({ task: 'flush' })).toEqual({
    status: 200,
    body: { ...NOTHING, flushed: 3 },
  });
  expect(await tick({ task: 'flush' })).toEqual({
    status: 200,
    body: NOTHING,
  });
  expect((await services.linkService.read(short_code)).visit_count).toBe(3);
});

test('maintenance creates partitions, and takes back lost visits after a day, not queued ones', async () => {
  const preparePartitions = vi.fn(() => Promise.resolve());
  const maintain = async () => (await tick({ task: 'maintain', grace_ms: 0 }, { preparePartitions })).body;
  expect(await maintain()).toEqual(NOTHING);
  expect(preparePartitions).toHaveBeenCalledTimes(1);
  services.clock.advance(25 * HOUR_MS);
  expect(await maintain()).toEqual(NOTHING);

  const lost = vi.fn((delivery: Delivery) => delivery.acknowledge());
  const losing = services.subscriber.subscribe(10, lost);
  await vi.waitFor(() => expect(lost).toHaveBeenCalled());
  expect(await maintain()).toEqual(NOTHING);
  services.clock.advance(24 * HOUR_MS);
  expect(await maintain()).toEqual({ ...NOTHING, corrected: 1 });
  expect(await maintain()).toEqual(NOTHING);
  await losing.close();
});

test('merges the rollup deltas of stored visits once, and the stats stay the same', async () => {
  const { short_code } = await services.linkService.shorten({ original_url: 'https://example.com/' });
  const timestamp = services.clock.now();
  const id = '01a20d74-b2d3-75ae-b5ad-edd32e73337f';
  const visit = { id, short_code, ip: null, timestamp, is_bot: false };
  const seen = { user_agent: null, referrer: 'https://news.example/', country: 'DE' };
  await services.writer.write([{ body: JSON.stringify([{ ...visit, ...seen }]) }]);
  const before = await services.stats.summarise(short_code, { interval: 'day' });
  expect(before.totals.visits).toBe(1);
  const flush = { task: 'flush', grace_ms: 0 };
  expect((await tick(flush)).body).toMatchObject({ merged: 1, corrected: 1 });
  expect((await tick(flush)).body).toMatchObject({ merged: 0, corrected: 0 });
  expect(await services.stats.summarise(short_code, { interval: 'day' })).toEqual(before);
});

test('the last tick of a process only adds counts to the links, which keeps the stop short', async () => {
  const flush = vi.fn(() => Promise.resolve(2));
  const never = () => Promise.reject(new Error('is for the next process'));
  const services = {
    counters: { flush, prune: never },
    overflowDrain: { drain: never },
    merger: { merge: never },
    reconciliation: { restore: never, takeBack: never },
  };
  expect(await tick({ task: 'count' }, services)).toEqual({ status: 200, body: { flushed: 2, failed: [] } });
  flush.mockRejectedValueOnce(new Error('down'));
  expect(await tick({ task: 'count' }, services)).toEqual({
    status: 503,
    body: { flushed: 0, failed: ['flush'] },
  });
});

test('empties the overflow queue, and still counts while the queue is down', async () => {
  const drain = vi.fn(() => Promise.resolve(3));
  const event = { task: 'flush' };
  expect((await tick(event, { overflowDrain: { drain } })).body).toMatchObject({ drained: 3 });
  drain.mockRejectedValueOnce(new Error('down'));
  expect(await tick(event, { overflowDrain: { drain } })).toMatchObject({
    status: 503,
    body: { drained: 0, failed: ['drain'] },
  });
});

test.each([
  ['flush', { flushed: 0 }, { counters: { flush: fails, prune: () => Promise.resolve(0) } }],
  ['prune', {}, { counters: { flush: () => Promise.resolve(1), prune: fails } }],
  ['drain', { drained: 0 }, { overflowDrain: { drain: fails } }],
  ['merge', { merged: 0 }, { merger: { merge: fails } }],
  [
    'restore',
    { corrected: 5 },
    { reconciliation: { restore: fails, takeBack: () => Promise.resolve({ links: 5, visits: 9 }) } },
  ],
  ['take back', { corrected: 4 }, { reconciliation: { restore: () => Promise.resolve(4), takeBack: fails } }],
  ['partitions', {}, { preparePartitions: fails }],
])(
  'does the other steps when "%s" fails, and reports the failure to the schedule',
  async (step, rest, failing) => {
    const done = {
      counters: { flush: () => Promise.resolve(1), prune: vi.fn(() => Promise.resolve(0)) },
      overflowDrain: { drain: () => Promise.resolve(2) },
      merger: { merge: () => Promise.resolve(3) },
      reconciliation: {
        restore: () => Promise.resolve(4),
        takeBack: () => Promise.resolve({ links: 5, visits: 9 }),
      },
      preparePartitions: vi.fn(() => Promise.resolve()),
    };
    const all = await tick({ task: 'maintain' }, done);
    expect(all).toEqual({
      status: 200,
      body: { flushed: 1, drained: 2, merged: 3, corrected: 9, failed: [] },
    });
    const some = await tick({ task: 'maintain' }, { ...done, ...failing });
    expect(some.status).toBe(503);
    expect(some.body).toEqual({ ...(all.body as object), ...rest, failed: [step] });
  },
);

test('prunes nothing after a failed flush, whose batches may come again', async () => {
  const prune = vi.fn(() => Promise.resolve(0));
  expect((await tick({ task: 'flush' }, { counters: { flush: fails, prune } })).status).toBe(503);
  expect(prune).not.toHaveBeenCalled();
});

test('refuses an unknown tick', async () => {
  expect((await tick({ task: 'dance' })).status).toBe(422);
  expect((await tick({})).status).toBe(422);
});
