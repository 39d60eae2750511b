import type { Hono } from 'hono';
import { expect, test, vi } from 'vitest';
import { createApp } from './create-app.ts';
import { shedLoad } from './shed-load.ts';

function setUp(pressure: () => number, handle: () => Promise<void> = () => Promise.resolve()) {
  const onShed = vi.fn();
  const app: Hono = createApp({
    log: { error: vi.fn(), info: vi.fn() },
  });
  app.use('/api/*', shedLoad({ pressure, maxPressure: 0.8, maxConcurrent: 2, maxWaiting: 1, onShed }));
  app.get('/api/x', async (c) => {
    await handle();
    return c.text('done');
  });
  app.get('/code', (c) => c.redirect('https://example.com/', 307));
  return { app, onShed };
}

test('turns requests away under pressure, with a time to come back, and takes them again afterwards', async () => {
  let pressure = 0.8;
  const { app, onShed } = setUp(() => pressure);
  const refused = await app.request('/api/x');
  expect([refused.status, refused.headers.get('Retry-After')]).toEqual([503, '2']);
  expect(await refused.json()).toMatchObject({ type: 'urn:terse:problem:overloaded' });
  expect((await app.request('/code')).status).toBe(307);
  expect(onShed).toHaveBeenCalledTimes(1);
  pressure = 0.79;
  expect((await app.request('/api/x')).status).toBe(200);
});

test('takes a bounded number at once, lets a bounded number wait, and forgets those that failed', async () => {
  const gate = Promise.withResolvers<void>();
  const handle = vi.fn(() => gate.promise);
  const { app } = setUp(() => 0, handle);
  const taken = [app.request('/api/x'), app.request('/api/x'), app.request('/api/x')];
  expect((await app.request('/api/x')).status).toBe(503);
  expect(handle).toHaveBeenCalledTimes(2);
  gate.reject(new Error('broken'));
  for (const response of taken) expect((await response).status).toBe(500);
  expect((await app.request('/api/x')).status).toBe(500);
  expect(handle).toHaveBeenCalledTimes(4);
});
