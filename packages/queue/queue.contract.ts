import { expect, test, vi } from 'vitest';
import type { Backlog, DeadLetters, Delivery, Publisher, Subscriber } from './queue.ts';

export interface OpenQueue extends Publisher, Subscriber, Backlog, DeadLetters {}

/** What every queue promises; `open` makes an empty one. */
export function describeQueue(open: () => Promise<OpenQueue>): void {
  test('delivers what was published before and after the subscription', async () => {
    const queue = await open();
    const bodies: string[] = [];
    const before = queue.publish('before');
    const subscription = queue.subscribe(10, (delivery) => {
      bodies.push(delivery.body);
      delivery.acknowledge();
    });
    await Promise.all([before, queue.publish('after ü \u{1F517}')]);
    await vi.waitFor(() => expect(bodies).toEqual(['before', 'after ü \u{1F517}']));
    await subscription.close();
  });

  test('never has more than the prefetch unacknowledged', async () => {
    const queue = await open();
    const deliveries: Delivery[] = [];
    const published = Array.from({ length: 10 }, (_, index) => queue.publish(`${index}`));
    const subscription = queue.subscribe(3, (delivery) => deliveries.push(delivery));
    await vi.waitFor(() => expect(deliveries).toHaveLength(3));
    for (let seen = 0; seen < 10; seen++) {
      expect(deliveries.length - seen).toBeLessThanOrEqual(3);
      await vi.waitFor(() => expect(deliveries.length).toBeGreaterThan(seen));
      deliveries[seen]?.acknowledge();
    }
    await Promise.all(published);
    expect(deliveries).toHaveLength(10);
    await subscription.close();
  });

  test('says how many messages no subscriber has been given', async () => {
    const queue = await open();
    const published = ['one', 'two', 'three'].map((body) => queue.publish(body));
    await vi.waitFor(async () => expect(await queue.waiting()).toBe(3));
    const deliveries: Delivery[] = [];
    const subscription = queue.subscribe(2, (delivery) => deliveries.push(delivery));
    await vi.waitFor(async () => expect(await queue.waiting()).toBe(1));
    await vi.waitFor(() => expect(deliveries).toHaveLength(2));
    for (const delivery of deliveries) delivery.acknowledge();
    await vi.waitFor(() => expect(deliveries).toHaveLength(3));
    deliveries[2]?.acknowledge();
    await Promise.all(published);
    expect(await queue.waiting()).toBe(0);
    await subscription.close();
  });

  test('delivers what was not acknowledged to the next subscriber', async () => {
    const queue = await open();
    const first = vi.fn<(delivery: Delivery) => void>();
    const subscription = queue.subscribe(10, first);
    const published = queue.publish('orphan');
    await vi.waitFor(() => expect(first).toHaveBeenCalledTimes(1));
    await subscription.close();
    first.mock.calls[0]?.[0].acknowledge();
    const second = vi.fn((delivery: Delivery) => delivery.acknowledge());
    const next = queue.subscribe(10, second);
    await vi.waitFor(() => expect(second).toHaveBeenCalledTimes(1));
    await published;
    await next.close();
  });
}
