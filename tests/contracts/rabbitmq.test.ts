import { describeQueue } from '@terse/queue/queue.contract';
import { openRabbitmq, type Rabbitmq } from '@terse/queue/rabbitmq';
import { openDeadLetterBox } from '@terse/queue/rabbitmq-dead-letters';
import { DEAD_QUEUE_OPTIONS, LATER_QUEUE_OPTIONS, QUEUE_OPTIONS } from '@terse/queue/rabbitmq-topology';
import { Connection } from 'rabbitmq-client';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import { describeOnRealServices } from '../on-real-services.ts';
import type { Delivery } from '@terse/core/visits/ports';

describeOnRealServices('on a RabbitMQ server', ({ rabbitmqUrl }) => {
  const errors = vi.fn();
  const open = () => openRabbitmq({ url: rabbitmqUrl, name: 'terse-test', postponeMs: 300, onError: errors });
  let admin: Connection;
  let queue: Rabbitmq;

  beforeAll(() => {
    admin = new Connection({ url: rabbitmqUrl, frameMax: 131_072 });
  });
  afterAll(() => admin.close());
  beforeEach(async () => {
    queue = open();
    // A new queue may still refuse messages.
    await vi.waitFor(() => queue.publish('first'), { timeout: 10_000 });
    for (const name of ['visits', 'visits.dead', 'visits.later']) await admin.queuePurge({ queue: name });
  });
  afterEach(() => queue.close());

  async function nextDelivery(): Promise<Delivery> {
    const { promise, resolve } = Promise.withResolvers<Delivery>();
    const subscription = queue.subscribe(1, resolve);
    const delivery = await promise;
    delivery.acknowledge();
    await subscription.close();
    return delivery;
  }

  describeQueue(() => Promise.resolve(queue));

  test('keeps a confirmed message for a later subscriber on another connection', async () => {
    await queue.publish('kept');
    const other = open();
    const bodies: string[] = [];
    const subscription = other.subscribe(1, (delivery) => {
      bodies.push(delivery.body);
      delivery.acknowledge();
    });
    await vi.waitFor(() => expect(bodies).toEqual(['kept']));
    await subscription.close();
    await other.close();
  });

  test('declares the queues with their permanent arguments: RabbitMQ refuses any others', async () => {
    await queue.publish('x');
    for (const options of [QUEUE_OPTIONS, DEAD_QUEUE_OPTIONS, LATER_QUEUE_OPTIONS]) {
      expect((await admin.queueDeclare(options)).queue).toBe(options.queue);
      const other = { ...options, arguments: { ...options.arguments, 'x-delivery-limit': 7 } };
      await expect(admin.queueDeclare(other)).rejects.toThrow('PRECONDITION_FAILED');
    }
  });

  test('keeps dead letters with their reason', async () => {
    await queue.add([
      { body: 'poison', reason: 'not JSON' },
      { body: 'other', reason: 'x'.repeat(5000) },
    ]);
    const letters = [await admin.basicGet('visits.dead'), await admin.basicGet('visits.dead')];
    expect(
      letters.map((letter) => String(letter?.headers?.['reason']).length).toSorted((a, b) => a - b),
    ).toEqual([8, 1000]);
  });

  test('returns the headers of a foreign publisher, and keeps them with a dead letter', async () => {
    const headers = { 'x-tenant': 'a', nested: { deep: [1, 'b', true] }, large: 2 ** 40 };
    const publisher = admin.createPublisher({ confirm: true });
    await publisher.send({ routingKey: 'visits', headers }, 'x');
    await publisher.send({ routingKey: 'visits', headers: { big: 'y'.repeat(50_000) } }, 'x');
    await publisher.close();
    const deliveries: Delivery[] = [];
    const subscription = queue.subscribe(10, (delivery) => deliveries.push(delivery));
    await vi.waitFor(() => expect(deliveries).toHaveLength(2));
    expect(deliveries.map((delivery) => delivery.headers)).toEqual([
      headers,
      { headers: 'left out: 50010 bytes' },
    ]);
    await queue.add(
      deliveries.map(({ body, headers: said }) => ({ body, headers: said, reason: 'not JSON' })),
    );
    for (const { acknowledge } of deliveries) acknowledge();
    await subscription.close();
    const box = await openDeadLetterBox({ url: rabbitmqUrl });
    expect(await box.list(10)).toContainEqual({ body: 'x', headers, reason: 'not JSON' });
    await box.close();
  });

  test('returns the body of a foreign message as text, whatever its content type', async () => {
    const bodies: string[] = [];
    const subscription = queue.subscribe(10, (delivery) => {
      bodies.push(delivery.body);
      delivery.acknowledge();
    });
    await queue.publish('ours');
    const publisher = admin.createPublisher({ confirm: true });
    await publisher.send({ routingKey: 'visits', contentType: 'application/json' }, Buffer.from('{"a":'));
    await publisher.send({ routingKey: 'visits' }, { a: 1 });
    await publisher.send({ routingKey: 'visits' }, 'text');
    await vi.waitFor(() => expect(bodies).toEqual(['ours', '{"a":', '{"a":1}', 'text']));
    await publisher.close();
    await subscription.close();
  });

  test('rejects a confirmed message that no queue took', async () => {
    await admin.queueDelete({ queue: 'visits' });
    await expect(queue.publish('lost')).rejects.toThrow('no queue');
  });

  test('rejects messages and the probe while there is no server', async () => {
    const nowhere = openRabbitmq({
      url: 'amqp://127.0.0.1:1',
      name: 'x',
      confirmTimeoutMs: 100,
      onError: errors,
    });
    await expect(nowhere.publish('x')).rejects.toThrow('timed out after 100 ms');
    await expect(nowhere.publisherWithin(50).publish('x')).rejects.toThrow('timed out after 50 ms');
    await expect(nowhere.probe()).rejects.toThrow('no connection');
    await nowhere.close();
  });

  test('lists, replays and purges dead letters', async () => {
    await queue.add([
      { body: 'first', reason: 'not JSON' },
      { body: 'second', reason: 'not an array' },
    ]);
    const box = await openDeadLetterBox({ url: rabbitmqUrl });
    const listed = async () => (await box.list(10)).toSorted((a, b) => a.body.localeCompare(b.body));
    const both = [
      { body: 'first', reason: 'not JSON' },
      { body: 'second', reason: 'not an array' },
    ];
    // More often than RabbitMQ 4 delivers a message by default.
    for (let looks = 0; looks < 30; looks++) expect(await listed()).toEqual(both);
    expect(await box.replay()).toBe(2);
    expect(await box.list(10)).toEqual([]);
    const bodies: string[] = [];
    const subscription = queue.subscribe(10, (delivery) => {
      bodies.push(delivery.body);
      delivery.acknowledge();
    });
    await vi.waitFor(() => expect(bodies.toSorted()).toEqual(['first', 'second']));
    await subscription.close();
    await queue.add([{ body: 'third', reason: 'x', headers: { 'x-tenant': 'a' } }]);
    expect(await box.replay()).toBe(1);
    expect(await nextDelivery()).toMatchObject({ body: 'third', headers: { 'x-tenant': 'a' } });
    await queue.add([{ body: 'fourth', reason: 'x' }]);
    expect(await box.purge()).toBe(1);
    expect(await box.list(10)).toEqual([]);
    await box.close();
  });
});
