import { expect, test, vi } from 'vitest';
import { createApp } from './create-app.ts';
import { createInternalApp } from './internal-app.ts';

const services = {
  log: { error: vi.fn(), info: vi.fn() },
  readiness: () => Promise.resolve({ ready: false, services: { database: true, cache: false } }),
  started: () => Promise.resolve(true),
  metricsText: () => Promise.resolve('up 1\n'),
};

test('shows the state of each backing service by its name, and nothing else of it', async () => {
  const app = createInternalApp(services);
  expect((await app.request('/.live')).status).toBe(200);
  const ready = await app.request('/.ready');
  expect(ready.status).toBe(503);
  expect(await ready.json()).toEqual({ status: 'unready', services: { database: 'up', cache: 'down' } });
  expect(await (await app.request('/.metrics')).text()).toBe('up 1\n');
});

test.each(['/.live', '/.started', '/.ready', '/.metrics'])('only reads at %s', async (path) => {
  const response = await createInternalApp(services).request(path, { method: 'POST' });
  expect([response.status, response.headers.get('Allow')]).toEqual([405, 'GET, HEAD']);
});

test('holds a rollout back until the function has started', async () => {
  let hasStarted = false;
  const app = createInternalApp({ ...services, started: () => Promise.resolve(hasStarted) });
  const starting = await app.request('/.started');
  expect([starting.status, await starting.json()]).toEqual([503, { status: 'starting' }]);
  expect((await app.request('/.live')).status, 'it is not restarted for that').toBe(200);
  hasStarted = true;
  expect((await app.request('/.started')).status).toBe(200);
});

test.each(['/.live', '/.started', '/.ready', '/.metrics', '/.events', '/%2emetrics', '/x/../.metrics'])(
  'no public app has %s',
  async (path) => {
    expect((await createApp(services).request(path)).status).toBe(404);
  },
);
