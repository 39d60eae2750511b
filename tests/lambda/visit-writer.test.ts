import { openRabbitmq } from '@terse/queue/rabbitmq';
import { openDeadLetterBox } from '@terse/queue/rabbitmq-dead-letters';
import { v7 as uuidv7 } from 'uuid';
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest';
import { describeOnRealServices } from '../on-real-services.ts';
import { InvocationError } from './container-lambda.ts';
import { type LambdaDeployment, openLambdaDeployment } from './lambda-deployment.ts';

const NOTHING = { stored: 0, duplicates: 0, orphans: 0, rejected: 0, postponed: 0 };

const visit = () => ({
  id: uuidv7(),
  short_code: 'spring',
  ip: null,
  timestamp: Date.now(),
  user_agent: null,
  referrer: null,
  country: null,
  is_bot: false,
});

/** A batch as the event source mapping of a RabbitMQ broker delivers it. */
const batch = (...bodies: readonly unknown[]) => ({
  eventSource: 'aws:rmq',
  eventSourceArn: 'arn:aws:mq:eu-central-1:123456789012:broker:terse:b-0f5d',
  rmqMessagesByQueue: {
    'visits::/': bodies.map((body) => ({
      basicProperties: {
        contentType: 'application/json',
        contentEncoding: 'utf-8',
        headers: { 'x-delivery-count': 0 },
        deliveryMode: 2,
        priority: null,
        correlationId: null,
        replyTo: null,
        expiration: null,
        messageId: '1',
        timestamp: null,
        type: null,
        userId: null,
        appId: null,
        clusterId: null,
        bodySize: 80,
      },
      redelivered: false,
      data: Buffer.from(typeof body === 'string' ? body : JSON.stringify(body)).toString('base64'),
    })),
  },
});

describeOnRealServices('the visit-writer on AWS Lambda', (services) => {
  let deployment: LambdaDeployment;
  beforeAll(async () => {
    deployment = await openLambdaDeployment(services, 'visit-writer');
  });
  afterAll(() => deployment.close());
  afterEach(() => deployment.stop());

  const startWriter = () =>
    deployment.start('visit-writer', {
      DATABASE_URL_SECRET: deployment.secrets.reference('visit-writer', 'url'),
      RABBITMQ_URL_SECRET: deployment.secrets.reference('broker', 'url'),
    });

  const stored = async (...ids: readonly string[]) => {
    const { sql } = deployment;
    return (await sql`select id from visits where id in ${sql(ids)}`).length;
  };

  test('stores a batch from RabbitMQ, and dead-letters its messages that are no visits', async () => {
    const box = await openDeadLetterBox({ url: services.rabbitmqUrl });
    await box.purge();
    const visits = [visit(), visit(), visit()] as const;
    const writer = await startWriter();
    const answer = await writer.invoke(
      batch([visits[0], visits[1]], 'not JSON', [visits[2], { id: 'no visit' }]),
    );
    expect(answer).toEqual({ ...NOTHING, stored: 3, rejected: 2 });
    expect(await stored(...visits.map(({ id }) => id))).toBe(3);
    expect(await box.list(10)).toHaveLength(2);
    await box.purge();
    await box.close();
  });

  test('fails a batch that it cannot store, and stores it once when it is delivered again', async () => {
    const one = visit();
    const writer = await startWriter();
    await deployment.sql`alter table visits rename to away`;
    try {
      await expect(writer.invoke(batch([one]))).rejects.toThrow(InvocationError);
    } finally {
      await deployment.sql`alter table away rename to visits`;
    }
    expect(await writer.invoke(batch([one]))).toEqual({ ...NOTHING, stored: 1 });
    expect(await writer.invoke(batch([one]))).toEqual({ ...NOTHING, duplicates: 1 });
    expect(await stored(one.id)).toBe(1);
  });

  test('takes no messages from the queue: the event source mapping does', async () => {
    const queue = openRabbitmq({ url: services.rabbitmqUrl, name: 'terse-test', onError: () => {} });
    const one = visit();
    await vi.waitFor(() => queue.publish(JSON.stringify([one])), { timeout: 10_000 });
    const writer = await startWriter();
    await writer.invoke(batch([visit()]));
    const bodies: string[] = [];
    const subscription = queue.subscribe(10, ({ body, acknowledge }) => {
      bodies.push(body);
      acknowledge();
    });
    await vi.waitFor(() => expect(bodies).toContain(JSON.stringify([one])), { timeout: 20_000 });
    await subscription.close();
    await queue.close();
    expect(await stored(one.id)).toBe(0);
  });
});
