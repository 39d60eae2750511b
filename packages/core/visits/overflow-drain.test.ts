import { expect, test, vi } from 'vitest';
import { createOutboxDrain } from './overflow-drain.ts';
import { createTestMetrics } from '../test-metrics.ts';
import type { OutboxMessage } from './ports.ts';

function setUp(count: number) {
  const kept: OutboxMessage[] = Array.from({ length: count }, (_, index) => ({
    id: `${index}-0`,
    body: `[${index}]`,
  }));
  const outbox = {
    peek: vi.fn((limit: number) => Promise.resolve(kept.slice(0, limit))),
    remove: vi.fn((ids: readonly string[]) => {
      for (const id of ids) {
        kept.splice(
          kept.findIndex((message) => message.id === id),
          1,
        );
      }
      return Promise.resolve();
    }),
  };
  const publish = vi.fn((_body: string) => Promise.resolve());
  const metrics = createTestMetrics();
  return { kept, outbox, publish, drain: createOutboxDrain({ outbox, publisher: { publish }, metrics }) };
}

test('moves everything to the queue, and each message once', async () => {
  const { kept, publish, drain } = setUp(100);
  expect(await drain.drain()).toBe(100);
  expect(kept).toEqual([]);
  expect(publish.mock.calls.flat()).toEqual(Array.from({ length: 100 }, (_, index) => `[${index}]`));
  expect(await drain.drain()).toBe(0);
});

test('leaves in the outbox what the queue did not take', async () => {
  const { kept, outbox, publish, drain } = setUp(3);
  publish.mockRejectedValueOnce(new Error('down'));
  await expect(drain.drain()).rejects.toThrow('down');
  expect(outbox.remove).not.toHaveBeenCalled();
  expect(kept).toHaveLength(3);
  expect(await drain.drain()).toBe(3);
});

test('ends, though the outbox is filled as fast as it is emptied', async () => {
  const { outbox, publish, drain } = setUp(32);
  outbox.remove.mockReturnValue(Promise.resolve());
  expect(await drain.drain()).toBe(publish.mock.calls.length);
});
