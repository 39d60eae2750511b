import { describe, expect, test, vi } from 'vitest';
import { createMemoryQueue, type MemoryQueueOptions } from './memory-queue.ts';
import { describeQueue } from './queue.contract.ts';
import type { Delivery } from '@terse/core/visits/ports';

const open = (options: Partial<MemoryQueueOptions> = {}) =>
  createMemoryQueue({
    maxMessages: 100,
    maxDeadLetters: 3,
    onDeadLetter: () => {},
    postponeMs: 300,
    ...options,
  });

describe('the in-process queue', () => {
  describeQueue(() => Promise.resolve(open()));

  test('confirms a message only once it was acknowledged', async () => {
    const queue = open();
    const confirmed = vi.fn();
    const published = queue.publish('x').then(confirmed);
    const { promise, resolve } = Promise.withResolvers<() => void>();
    queue.subscribe(1, (delivery) => resolve(delivery.acknowledge));
    const acknowledge = await promise;
    expect(confirmed).not.toHaveBeenCalled();
    acknowledge();
    await published;
    expect(confirmed).toHaveBeenCalledTimes(1);
  });

  test('confirms a postponed message only once a subscriber could read it', async () => {
    const queue = open();
    const confirmed = vi.fn();
    const published = queue.publish('x').then(confirmed);
    const deliveries: Delivery[] = [];
    queue.subscribe(1, (delivery) => deliveries.push(delivery));
    await vi.waitFor(() => expect(deliveries).toHaveLength(1));
    await queue.postpone(deliveries);
    deliveries[0]?.acknowledge();
    await vi.waitFor(() => expect(deliveries).toHaveLength(2));
    expect(confirmed).not.toHaveBeenCalled();
    deliveries[1]?.acknowledge();
    await published;
  });

  test('refuses messages beyond its bound, and takes them again once there is room', async () => {
    const queue = open({ maxMessages: 2 });
    const held = [queue.publish('1'), queue.publish('2')];
    await expect(queue.publish('3')).rejects.toThrow('full');
    queue.subscribe(1, (delivery) => delivery.acknowledge());
    await Promise.all(held);
    await expect(queue.publish('3')).resolves.toBeUndefined();
  });

  test('keeps a bounded number of the newest dead letters', async () => {
    const queue = open();
    await queue.add(['1', '2', '3', '4', '5'].map((body) => ({ body, reason: 'r' })));
    expect(queue.deadLetters().map(({ body }) => body)).toEqual(['3', '4', '5']);
  });
});
