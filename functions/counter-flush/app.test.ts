import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { openTestParts, type TestParts } from '@terse/runtime/test-parts';
import { createCounterFlushApp } from './app.ts';

let parts: TestParts;
beforeAll(async () => {
  parts = await openTestParts();
});
afterAll(() => parts.close());

async function tick(event: unknown, overrides: Partial<Parameters<typeof createCounterFlushApp>[0]> = {}) {
  const app = createCounterFlushApp({ ...parts, ...overrides });
  const response = await app.request('/.events', {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify(event),
  });
  return { status: response.status, body: await response.json() };
}

test('flushes what visitors left, once, and shows the same count before and after', async () => {
  const { short_code } = await parts.urls.shorten({ original_url: 'https://example.com/' });
  for (let visits = 0; visits < 3; visits++) {
    parts.recorder.record({
      shortCode: short_code,
      ip: null,
      userAgent: 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0',
      referrer: undefined,
      country: null,
      isProbe: false,
    });
  }
  await vi.waitFor(async () => expect((await parts.urls.read(short_code)).visit_count).toBe(3));
  expect(await tick({ task: 'flush' })).toEqual({
    status: 200,
    body: { flushed: 3, corrected: 0, drained: 0, merged: 0 },
  });
  expect(await tick({ task: 'flush' })).toEqual({
    status: 200,
    body: { flushed: 0, corrected: 0, drained: 0, merged: 0 },
  });
  expect((await parts.urls.read(short_code)).visit_count).toBe(3);
});

test('maintenance makes partitions, and takes back what was lost, but not what waits in the queue', async () => {
  const preparePartitions = vi.fn(() => Promise.resolve());
  const maintain = async () => (await tick({ task: 'maintain', settle_ms: 0 }, { preparePartitions })).body;
  expect(await maintain()).toEqual({ flushed: 0, corrected: 0, drained: 0, merged: 0 });
  expect(preparePartitions).toHaveBeenCalledTimes(1);

  const losing = parts.subscriber.subscribe(10, (delivery) => delivery.acknowledge());
  await vi.waitFor(async () => expect(await maintain()).toMatchObject({ corrected: 1 }));
  expect(await maintain()).toMatchObject({ corrected: 0 });
  await losing.close();
});

test('merges the tallies of stored visits, once, and the stats stay the same', async () => {
  const { short_code } = await parts.urls.shorten({ original_url: 'https://example.com/' });
  const timestamp = parts.clock.now();
  const id = '01a20d74-b2d3-75ae-b5ad-edd32e73337f';
  const visit = { id, short_code, ip: null, timestamp, is_bot: false };
  const seen = { user_agent: null, referrer: 'https://news.example/', country: 'DE' };
  await parts.writer.write([{ body: JSON.stringify([{ ...visit, ...seen }]) }]);
  const before = await parts.stats.summarise(short_code, { interval: 'day' });
  expect(before.totals.visits).toBe(1);
  expect((await tick({ task: 'flush' })).body).toMatchObject({ merged: 1 });
  expect((await tick({ task: 'flush' })).body).toMatchObject({ merged: 0 });
  expect(await parts.stats.summarise(short_code, { interval: 'day' })).toEqual(before);
});

test('empties the outbox, and counts all the same while the queue is down', async () => {
  const drain = vi.fn(() => Promise.resolve(3));
  const event = { task: 'flush' };
  expect((await tick(event, { outboxDrain: { drain } })).body).toMatchObject({ drained: 3 });
  drain.mockRejectedValueOnce(new Error('down'));
  expect(await tick(event, { outboxDrain: { drain } })).toMatchObject({ status: 200, body: { drained: 0 } });
});

test('answers 500 when it could not finish, so that the schedule knows', async () => {
  const counters = { flush: () => Promise.reject(new Error('down')), reconcile: () => Promise.resolve(0) };
  expect((await tick({ task: 'flush' }, { counters })).status).toBe(500);
});

test('refuses a tick that it does not know', async () => {
  expect((await tick({ task: 'dance' })).status).toBe(422);
  expect((await tick({})).status).toBe(422);
});
