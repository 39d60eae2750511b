import { Hono } from 'hono';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { readConfig } from '@terse/runtime/settings/config';
import { createLog } from '@terse/runtime/telemetry/log';
import { startSchedule } from './schedule.ts';
import { MANIFESTS } from '../manifests.ts';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

test('maintains first, again after a failure, and then flushes until an hour has passed', async () => {
  const tasks: string[] = [];
  const app = new Hono().post('/.events', async (c) => {
    tasks.push((await c.req.json<{ task: string }>()).task);
    return c.json({}, tasks.length === 1 ? 500 : 200);
  });
  const config = readConfig(MANIFESTS.standalone, { COUNTER_FLUSH_SECONDS: '600' });
  const ticking = startSchedule(app, config, createLog('silent'));
  for (let ticks = 0; ticks < 9; ticks++) await vi.advanceTimersByTimeAsync(600_000);
  await ticking.stop();
  expect(tasks).toEqual([
    'maintain',
    'maintain',
    'flush',
    'flush',
    'flush',
    'flush',
    'flush',
    'maintain',
    'flush',
    'count',
  ]);
});

test('aborts the current tick when it stops, and adds counts to the links', async () => {
  const tasks: string[] = [];
  const app = new Hono().post('/.events', async (c) => {
    const { task } = await c.req.json<{ task: string }>();
    tasks.push(task);
    const { signal } = c.req.raw;
    if (task !== 'count') await new Promise((resolve) => signal.addEventListener('abort', resolve));
    return c.json({});
  });
  const config = readConfig(MANIFESTS.standalone, { COUNTER_FLUSH_SECONDS: '1' });
  const ticking = startSchedule(app, config, createLog('silent'));
  await vi.advanceTimersByTimeAsync(1000);
  expect(tasks).toEqual(['maintain']);
  await ticking.stop();
  expect(tasks).toEqual(['maintain', 'count']);
});

test('stops in order when its last flush fails', async () => {
  const app = new Hono().post('/.events', (c) => c.json({}, 503));
  const config = readConfig(MANIFESTS.standalone, {});
  await startSchedule(app, config, createLog('silent')).stop();
  expect(vi.getTimerCount()).toBe(0);
});
