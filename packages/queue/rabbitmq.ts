import { setImmediate as nextTurn } from 'node:timers/promises';
import { type AsyncMessage, Connection, ConsumerStatus } from 'rabbitmq-client';
import { createTimeLimit } from '@terse/platform/time-limit';
import { messageHeaders, messageText, plainHeaders } from './message.ts';
import {
  DEAD_QUEUE,
  DEAD_QUEUE_OPTIONS,
  LATER_QUEUE,
  LATER_QUEUE_OPTIONS,
  QUEUE,
  QUEUE_OPTIONS,
  type QueueOptions,
} from './rabbitmq-topology.ts';
import type {
  Backlog,
  DeadLetters,
  Message,
  Postponer,
  Publisher,
  Subscriber,
} from '@terse/core/visits/ports';

const MAX_REASON_LENGTH = 1000;

export interface RabbitmqOptions {
  readonly url: string;
  /** Shown by the broker beside the connection. */
  readonly name: string;
  /** How long a publish may wait for the broker's confirm before it counts as failed. */
  readonly confirmTimeoutMs?: number;
  /** After how long a postponed message comes again. */
  readonly postponeMs?: number;
  /** Called with what went wrong on a connection, which is then made anew. */
  readonly onError: (error: unknown) => void;
}

export interface Rabbitmq extends Publisher, Subscriber, Backlog, DeadLetters, Postponer {
  /** Rejects when there is no connection. */
  probe(): Promise<unknown>;
  close(): Promise<void>;
}

/** A RabbitMQ broker, 3.10 or later. The connection and what is declared on it are made anew after a failure. */
export function openRabbitmq(options: RabbitmqOptions): Rabbitmq {
  const { confirmTimeoutMs = 4000, postponeMs = 60_000, onError } = options;
  const connection = new Connection({
    url: options.url,
    connectionName: options.name,
    // A peer that is gone is noticed within ten seconds instead of two minutes.
    heartbeat: 5,
    connectionTimeout: 5000,
    acquireTimeout: 4000,
    retryLow: 200,
    retryHigh: 5000,
    // The broker's own bound. The client's is a sixteenth of it, which a dead letter with its headers may not fit in.
    frameMax: 131_072,
  });
  connection.on('error', onError);
  // The queue names the other as its dead-letter queue, which must be there before the first dead letter is.
  connection.on('connection', () => {
    connection.queueDeclare(DEAD_QUEUE_OPTIONS).catch(onError);
  });

  const limit = createTimeLimit(confirmTimeoutMs);
  const returned = new Set<string>();
  const publisher = connection.createPublisher({
    confirm: true,
    // A failed publish is the caller's to repeat: only there is known what may be sent twice.
    maxAttempts: 1,
    queues: [DEAD_QUEUE_OPTIONS, QUEUE_OPTIONS, LATER_QUEUE_OPTIONS],
  });
  // The broker confirms what it could not route, too, and says so just before.
  publisher.on('basic.return', ({ messageId }) => {
    if (messageId !== undefined) returned.add(messageId);
  });

  let sent = 0;
  let held = 0;
  async function send(
    routingKey: string,
    body: string | Buffer,
    headers?: Message['headers'],
    expiration?: string,
  ): Promise<void> {
    const messageId = `${++sent}`;
    const envelope = {
      routingKey,
      messageId,
      durable: true,
      mandatory: true,
      contentType: 'application/json',
      // Named, so that the client gives the body back as it came.
      contentEncoding: 'utf-8',
      ...(headers && { headers }),
      ...(expiration !== undefined && { expiration }),
    };
    await limit(publisher.send(envelope, typeof body === 'string' ? Buffer.from(body) : body));
    // The client tells of a return in the turn after the confirm.
    await nextTurn();
    if (returned.delete(messageId)) throw new Error(`There is no queue "${routingKey}".`);
  }

  async function count(queue: QueueOptions): Promise<number> {
    return (await connection.queueDeclare(queue)).messageCount;
  }

  return {
    publish: (body) => send(QUEUE, body),

    add: async (letters) => {
      await Promise.all(
        letters.map(({ body, headers, reason }) =>
          send(DEAD_QUEUE, body, { ...plainHeaders(headers), reason: reason.slice(0, MAX_REASON_LENGTH) }),
        ),
      );
    },

    postpone: async (messages) => {
      await Promise.all(
        messages.map(({ body, headers }) => send(LATER_QUEUE, body, headers, `${postponeMs}`)),
      );
    },

    subscribe: (prefetch, onDelivery) => {
      const unacknowledged = new Set<() => void>();
      const consumer = connection.createConsumer(
        {
          queue: QUEUE,
          queueOptions: QUEUE_OPTIONS,
          qos: { prefetchCount: prefetch },
          concurrency: prefetch,
        },
        (message: AsyncMessage) =>
          new Promise<ConsumerStatus>((settle) => {
            const resolve = (status: ConsumerStatus) => {
              held--;
              settle(status);
            };
            const giveBack = () => resolve(ConsumerStatus.REQUEUE);
            unacknowledged.add(giveBack);
            held++;
            onDelivery({
              body: messageText(message),
              headers: messageHeaders(message),
              acknowledge: () => {
                if (unacknowledged.delete(giveBack)) resolve(ConsumerStatus.ACK);
              },
            });
          }),
      );
      consumer.on('error', onError);
      return {
        close: async () => {
          // In this order: what is given back must not come straight to the same consumer again.
          const closing = consumer.close();
          for (const giveBack of unacknowledged) giveBack();
          unacknowledged.clear();
          await closing;
        },
      };
    },

    // Declares the queues, because a passive declare of a missing queue closes the channel.
    waiting: async () => (await count(QUEUE_OPTIONS)) + (await count(LATER_QUEUE_OPTIONS)),
    dead: () => count(DEAD_QUEUE_OPTIONS),
    unacknowledged: () => held,

    probe: () =>
      connection.ready ? Promise.resolve() : Promise.reject(new Error('There is no connection.')),

    close: async () => {
      // Without a connection there is nothing to close on the broker's side.
      await publisher.close().catch(onError);
      await connection.close();
    },
  };
}
