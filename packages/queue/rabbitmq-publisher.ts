import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Connection } from 'rabbitmq-client';
import type { Message } from '@terse/core/visits/ports';
import type { TimeLimit } from '@terse/platform/time-limit';
import { DEAD_QUEUE_OPTIONS, LATER_QUEUE_OPTIONS, QUEUE_OPTIONS } from './rabbitmq-topology.ts';

/** A message to send to a queue. */
export interface Sending {
  readonly queue: string;
  readonly body: string | Buffer;
  readonly headers?: Message['headers'];
  /** After how long the broker moves it on. */
  readonly expiresAfterMs?: number;
}

export interface RabbitmqPublisher {
  /** Resolves when the broker has confirmed the message. Rejects when it has not in time, or has no such queue. */
  send(sending: Sending, limit: TimeLimit): Promise<void>;
  close(): Promise<void>;
}

/** Publishes with confirms. The queues are declared before the first message. */
export function createRabbitmqPublisher(connection: Connection): RabbitmqPublisher {
  const publisher = connection.createPublisher({
    confirm: true,
    // The caller repeats a failed publish, because only it knows what may be sent twice.
    maxAttempts: 1,
    queues: [DEAD_QUEUE_OPTIONS, QUEUE_OPTIONS, LATER_QUEUE_OPTIONS],
  });
  const returned = new Set<string>();
  // The broker confirms a message that it could not route, too, and returns it just before.
  publisher.on('basic.return', ({ messageId }) => {
    if (messageId !== undefined) returned.add(messageId);
  });
  let sent = 0;

  return {
    send: async ({ queue, body, headers, expiresAfterMs }, limit) => {
      const messageId = `${++sent}`;
      const envelope = {
        routingKey: queue,
        messageId,
        durable: true,
        mandatory: true,
        contentType: 'application/json',
        // Set, so that the client leaves the body as it is when it receives it.
        contentEncoding: 'utf-8',
        ...(headers && { headers }),
        ...(expiresAfterMs !== undefined && { expiration: `${expiresAfterMs}` }),
      };
      await limit(publisher.send(envelope, typeof body === 'string' ? Buffer.from(body) : body));
      // The client reports a return in the turn after the confirm.
      await nextTurn();
      if (returned.delete(messageId)) throw new Error(`There is no queue "${queue}".`);
    },
    close: () => publisher.close(),
  };
}
