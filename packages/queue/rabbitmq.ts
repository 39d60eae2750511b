import { createTimeLimit } from '@terse/platform/time-limit';
import type {
  Backlog,
  DeadLetter,
  DeadLetters,
  Message,
  Postponer,
  Publisher,
  Subscriber,
} from '@terse/core/visits/ports';
import { plainHeaders, POSTPONE_MS } from './message.ts';
import { connectRabbitmq, type RabbitmqConnectionOptions } from './rabbitmq-connection.ts';
import { createRabbitmqPublisher, type Sending } from './rabbitmq-publisher.ts';
import { createRabbitmqSubscriber } from './rabbitmq-subscriber.ts';
import {
  DEAD_QUEUE,
  DEAD_QUEUE_OPTIONS,
  LATER_QUEUE,
  LATER_QUEUE_OPTIONS,
  QUEUE,
  QUEUE_OPTIONS,
  type QueueOptions,
} from './rabbitmq-topology.ts';

const MAX_REASON_LENGTH = 1000;

export interface RabbitmqOptions extends RabbitmqConnectionOptions {
  /** How long a publish may wait for the broker's confirm before it counts as failed. */
  readonly confirmTimeoutMs?: number;
  /** After how long a postponed message comes again. */
  readonly postponeMs?: number;
}

export interface Rabbitmq extends Publisher, Subscriber, Backlog, DeadLetters, Postponer {
  /** Publishes to the same queue, and waits no longer than this for a confirm. */
  publisherWithin(timeoutMs: number): Publisher;
  /** Rejects when there is no connection. */
  probe(): Promise<unknown>;
  close(): Promise<void>;
}

/** A RabbitMQ broker, 3.10 or later. The connection and what is declared on it are made anew after a failure. */
export function openRabbitmq(options: RabbitmqOptions): Rabbitmq {
  const { confirmTimeoutMs = 4000, postponeMs = POSTPONE_MS, onError } = options;
  const connection = connectRabbitmq(options);
  const publisher = createRabbitmqPublisher(connection);
  const subscriber = createRabbitmqSubscriber(connection, onError);

  function publisherWithin(timeoutMs: number): Publisher {
    const limit = createTimeLimit(timeoutMs);
    return { publish: (body) => publisher.send({ queue: QUEUE, body }, limit) };
  }

  const limit = createTimeLimit(confirmTimeoutMs);
  async function sendAll(all: readonly Sending[]): Promise<void> {
    await Promise.all(all.map((sending) => publisher.send(sending, limit)));
  }

  async function count(queue: QueueOptions): Promise<number> {
    return (await connection.queueDeclare(queue)).messageCount;
  }

  return {
    ...subscriber,
    ...publisherWithin(confirmTimeoutMs),
    publisherWithin,

    add: (letters) => sendAll(letters.map(toDeadLetter)),
    postpone: (messages) => sendAll(messages.map((message) => toLater(message, postponeMs))),

    // Declares the queues, because a passive declare of a missing queue closes the channel.
    waiting: async () => (await count(QUEUE_OPTIONS)) + (await count(LATER_QUEUE_OPTIONS)),
    dead: () => count(DEAD_QUEUE_OPTIONS),

    probe: () =>
      connection.ready ? Promise.resolve() : Promise.reject(new Error('There is no connection.')),

    close: async () => {
      // Without a connection there is nothing to close on the broker's side.
      await publisher.close().catch(onError);
      await connection.close();
    },
  };
}

function toDeadLetter({ body, headers, reason }: DeadLetter): Sending {
  return {
    queue: DEAD_QUEUE,
    body,
    headers: { ...plainHeaders(headers), reason: reason.slice(0, MAX_REASON_LENGTH) },
  };
}

function toLater({ body, headers }: Message, postponeMs: number): Sending {
  return { queue: LATER_QUEUE, body, headers, expiresAfterMs: postponeMs };
}
