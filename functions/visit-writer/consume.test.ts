import { Hono } from 'hono';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { createMemoryQueue } from '@terse/queue/memory-queue';
import { readConfig } from '@terse/runtime/config';
import { createLog } from '@terse/runtime/log';
import type { HandedOver } from './app.ts';
import { consume } from './consume.ts';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

function setUp(
  pressure: () => number = () => 0,
  status: () => 200 | 503 = () => 200,
  log = createLog('silent'),
) {
  const queue = createMemoryQueue({ maxMessages: 100, maxDeadLetters: 10, onDeadLetter: () => {} });
  const posted: string[] = [];
  const app = new Hono().post('/.events', (c) => {
    const { batch } = c.env as HandedOver;
    posted.push(...(batch?.messages ?? []).map(({ body }) => body));
    return c.json({}, status());
  });
  const config = readConfig('standalone', {});
  const consuming = consume(app, {
    subscriber: queue,
    deadLetters: queue,
    config,
    clock: {
      monotonic: () => performance.now(),
      sleep: (ms) =>
        new Promise((resolve) => {
          setTimeout(resolve, ms);
        }),
    },
    log,
    pressure,
  });
  return { queue, posted, consuming };
}

test('sets aside a message that no batch could ever succeed with, and posts those around it', async () => {
  const { queue, posted, consuming } = setUp();
  const oversized = `[${'x'.repeat(4_000_000)}]`;
  const published = Promise.all(['[1]', oversized, '[2]'].map((body) => queue.publish(body)));
  await vi.advanceTimersByTimeAsync(1000);
  await published;
  expect(posted).toEqual(['[1]', '[2]']);
  expect(queue.deadLetters()).toMatchObject([{ body: oversized, reason: 'longer than 4000000 characters' }]);
  await consuming.close();
});

test('waits while redirects are pressed hard, but not for ever', async () => {
  let pressure = 1;
  const { queue, posted, consuming } = setUp(() => pressure);
  const first = queue.publish('[1]');
  await vi.advanceTimersByTimeAsync(1000);
  expect(posted).toEqual([]);
  pressure = 0;
  await vi.advanceTimersByTimeAsync(50);
  expect(posted).toEqual(['[1]']);
  pressure = 1;
  const second = queue.publish('[2]');
  await vi.advanceTimersByTimeAsync(3000);
  expect(posted).toEqual(['[1]', '[2]']);
  await Promise.all([first, second]);
  await consuming.close();
});

test('a database that is down for long is logged once in five seconds, with how often it was tried', async () => {
  const log = createLog('silent');
  const error = vi.spyOn(log, 'error');
  let status: 200 | 503 = 503;
  const { queue, consuming } = setUp(
    () => 0,
    () => status,
    log,
  );
  const published = queue.publish('[1]');
  await vi.advanceTimersByTimeAsync(20_000);
  const leftOut = error.mock.calls.map(([details]) => (details as { left_out?: number }).left_out ?? 0);
  expect(leftOut.length).toBeGreaterThan(1);
  expect(leftOut.length).toBeLessThanOrEqual(5);
  status = 200;
  await vi.advanceTimersByTimeAsync(20_000);
  await published;
  await consuming.close();
});
