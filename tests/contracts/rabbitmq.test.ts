import { describeQueue } from '@terse/queue/queue.contract';
import { openRabbitmq, type Rabbitmq } from '@terse/queue/rabbitmq';
import { Connection } from 'rabbitmq-client';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import { describeOnRealParts } from '../on-real-parts.ts';

describeOnRealParts('on a RabbitMQ server', ({ rabbitmqUrl }) => {
  const errors = vi.fn();
  const open = () => openRabbitmq({ url: rabbitmqUrl, name: 'terse-test', onError: errors });
  let admin: Connection;
  let queue: Rabbitmq;

  beforeAll(() => {
    admin = new Connection(rabbitmqUrl);
  });
  afterAll(() => admin.close());
  beforeEach(async () => {
    queue = open();
    // A queue that was just declared may still refuse.
    await vi.waitFor(() => queue.publish('first'), { timeout: 10_000 });
    for (const name of ['visits', 'visits.dead']) await admin.queuePurge({ queue: name });
  });
  afterEach(() => queue.close());

  describeQueue(() => Promise.resolve(queue));

  test('keeps what was confirmed for a subscriber that comes later, on another connection', async () => {
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

  test('declares durable quorum queues that set aside what kills its consumers', async () => {
    // Declaring again with other arguments is refused: these are the ones.
    const declared = await admin.queueDeclare({
      queue: 'visits',
      durable: true,
      arguments: {
        'x-queue-type': 'quorum',
        'x-delivery-limit': 20,
        'x-dead-letter-exchange': '',
        'x-dead-letter-routing-key': 'visits.dead',
        'x-dead-letter-strategy': 'at-least-once',
        'x-overflow': 'reject-publish',
      },
    });
    expect(declared.queue).toBe('visits');
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

  test('gives the body of a foreign message as text, whatever it says it is', async () => {
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

  test('does not take a confirm for a message that no queue took', async () => {
    await admin.queueDelete({ queue: 'visits' });
    await expect(queue.publish('lost')).rejects.toThrow('no queue');
  });

  test('rejects what cannot be confirmed, and the probe, while there is no server', async () => {
    const nowhere = openRabbitmq({
      url: 'amqp://127.0.0.1:1',
      name: 'x',
      confirmTimeoutMs: 100,
      onError: errors,
    });
    await expect(nowhere.publish('x')).rejects.toThrow('timed out');
    await expect(nowhere.probe()).rejects.toThrow('no connection');
    await nowhere.close();
  });
});
