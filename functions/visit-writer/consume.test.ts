import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { createMemoryQueue } from '@terse/queue/memory-queue';
import { readConfig } from '@terse/runtime/settings/config';
import { createLog } from '@terse/runtime/telemetry/log';
import type { Message } from '@terse/core/visits/ports';
import { consume } from './consume.ts';
import { MANIFESTS } from '../manifests.ts';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

function setUp(
  pressure: () => number = () => 0,
  isDown: () => boolean = () => false,
  log = createLog('silent'),
) {
  const queue = createMemoryQueue({ maxMessages: 100, maxDeadLetters: 10, onDeadLetter: () => {} });
  const stored: string[] = [];
  const writer = {
    write: (messages: readonly Message[]) => {
      if (isDown()) return Promise.reject(new Error('The database is down.'));
      stored.push(...messages.map(({ body }) => body));
      return Promise.resolve({ stored: 0, orphans: 0, duplicates: 0, rejected: 0, postponed: 0 });
    },
  };
  const config = readConfig(MANIFESTS.standalone, {});
  const consuming = consume({
    writer,
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
  return { queue, stored, consuming };
}

test('dead-letters an oversized message, and stores the messages around it', async () => {
  const { queue, stored, consuming } = setUp();
  const oversized = `[${'x'.repeat(4_000_000)}]`;
  const published = Promise.all(['[1]', oversized, '[2]'].map((body) => queue.publish(body)));
  await vi.advanceTimersByTimeAsync(1000);
  await published;
  expect(stored).toEqual(['[1]', '[2]']);
  expect(queue.deadLetters()).toMatchObject([{ body: oversized, reason: 'longer than 4000000 characters' }]);
  await consuming.close();
});

test('waits while redirects are under load, but not for ever', async () => {
  let pressure = 1;
  const { queue, stored, consuming } = setUp(() => pressure);
  const first = queue.publish('[1]');
  await vi.advanceTimersByTimeAsync(1000);
  expect(stored).toEqual([]);
  pressure = 0;
  await vi.advanceTimersByTimeAsync(50);
  expect(stored).toEqual(['[1]']);
  pressure = 1;
  const second = queue.publish('[2]');
  await vi.advanceTimersByTimeAsync(3000);
  expect(stored).toEqual(['[1]', '[2]']);
  await Promise.all([first, second]);
  await consuming.close();
});

test('logs a long outage of the database once in five seconds, with the number of attempts', async () => {
  const log = createLog('silent');
  const error = vi.spyOn(log, 'error');
  let isDown = true;
  const { queue, consuming } = setUp(
    () => 0,
    () => isDown,
    log,
  );
  const published = queue.publish('[1]');
  await vi.advanceTimersByTimeAsync(20_000);
  const leftOut = error.mock.calls.map(([details]) => (details as { left_out?: number }).left_out ?? 0);
  expect(leftOut.length).toBeGreaterThan(1);
  expect(leftOut.length).toBeLessThanOrEqual(5);
  isDown = false;
  await vi.advanceTimersByTimeAsync(20_000);
  await published;
  await consuming.close();
});
