import { expect, test, vi } from 'vitest';
import { createOverflowDrain } from './overflow-drain.ts';
import { createTestMetrics } from '../test-metrics.ts';
import type { OverflowMessage } from './ports.ts';

function setUp(count: number) {
  const stored: OverflowMessage[] = Array.from({ length: count }, (_, index) => ({
    id: `${index}-0`,
    body: `[${index}]`,
  }));
  const overflow = {
    peek: vi.fn((limit: number) => Promise.resolve(stored.slice(0, limit))),
    remove: vi.fn((ids: readonly string[]) => {
      for (const id of ids) {
        stored.splice(
          stored.findIndex((message) => message.id === id),
          1,
        );
      }
      return Promise.resolve();
    }),
  };
  const publish = vi.fn((_body: string) => Promise.resolve());
  const metrics = createTestMetrics();
  return {
    stored,
    overflow,
    publish,
    drain: createOverflowDrain({ overflow, publisher: { publish }, metrics }),
  };
}

test('moves everything to the queue, and each message once', async () => {
  const { stored, publish, drain } = setUp(100);
  expect(await drain.drain()).toBe(100);
  expect(stored).toEqual([]);
  expect(publish.mock.calls.flat()).toEqual(Array.from({ length: 100 }, (_, index) => `[${index}]`));
  expect(await drain.drain()).toBe(0);
});

test('leaves messages that the queue did not take', async () => {
  const { stored, overflow, publish, drain } = setUp(3);
  publish.mockRejectedValueOnce(new Error('down'));
  await expect(drain.drain()).rejects.toThrow('down');
  expect(overflow.remove).not.toHaveBeenCalled();
  expect(stored).toHaveLength(3);
  expect(await drain.drain()).toBe(3);
});

test('ends, also when the overflow queue is filled as fast as it is drained', async () => {
  const { overflow, publish, drain } = setUp(32);
  overflow.remove.mockReturnValue(Promise.resolve());
  expect(await drain.drain()).toBe(publish.mock.calls.length);
});
