import { expect, test, vi } from 'vitest';
import type {
  Backlog,
  DeadLetters,
  Delivery,
  Postponer,
  Publisher,
  Subscriber,
} from '@terse/core/visits/ports';

export interface OpenQueue extends Publisher, Subscriber, Backlog, DeadLetters, Postponer {}

/** What every queue promises; `open` makes an empty queue that postpones messages for 300 ms. */
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

  test('says how many messages no subscriber has', async () => {
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

  test('delivers unacknowledged messages to the next subscriber', async () => {
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

  test('says how many deliveries this process holds', async () => {
    const queue = await open();
    expect(queue.unacknowledged()).toBe(0);
    const published = ['one', 'two', 'three'].map((body) => queue.publish(body));
    const deliveries: Delivery[] = [];
    const subscription = queue.subscribe(2, (delivery) => deliveries.push(delivery));
    await vi.waitFor(() => expect(deliveries).toHaveLength(2));
    expect(queue.unacknowledged()).toBe(2);
    for (const delivery of deliveries.slice(0, 2)) delivery.acknowledge();
    await vi.waitFor(() => expect(deliveries).toHaveLength(3));
    expect(queue.unacknowledged()).toBe(1);
    deliveries[2]?.acknowledge();
    deliveries[2]?.acknowledge();
    expect(queue.unacknowledged()).toBe(0);
    await Promise.all(published);
    await subscription.close();
  });

  test('says how many dead letters there are', async () => {
    const queue = await open();
    expect(await queue.dead()).toBe(0);
    await queue.add(['1', '2'].map((body) => ({ body, reason: 'not JSON' })));
    await vi.waitFor(async () => expect(await queue.dead()).toBe(2));
  });

  test('delivers a postponed message again after a while, and the message behind it at once', async () => {
    const queue = await open();
    const deliveries: Delivery[] = [];
    const bodies = () => deliveries.map(({ body }) => body);
    const subscription = queue.subscribe(1, (delivery) => deliveries.push(delivery));
    const later = queue.publish('later');
    await vi.waitFor(() => expect(bodies()).toEqual(['later']));
    const published = queue.publish('behind');
    await queue.postpone(deliveries);
    deliveries[0]?.acknowledge();
    await vi.waitFor(() => expect(bodies()).toEqual(['later', 'behind']));
    deliveries[1]?.acknowledge();
    await published;
    expect(await queue.waiting()).toBe(1);
    await vi.waitFor(() => expect(bodies()).toEqual(['later', 'behind', 'later']), { timeout: 5000 });
    deliveries[2]?.acknowledge();
    await later;
    await vi.waitFor(async () => expect(await queue.waiting()).toBe(0));
    await subscription.close();
  });
}
