import { setTimeout as sleep } from 'node:timers/promises';
import type { SyncMessage } from 'rabbitmq-client';
import { messageHeaders, messageText } from './message.ts';
import { connectRabbitmq } from './rabbitmq-connection.ts';
import { DEAD_QUEUE, DEAD_QUEUE_OPTIONS, QUEUE, QUEUE_OPTIONS } from './rabbitmq-topology.ts';
import type { DeadLetter } from '@terse/core/visits/ports';

const LOOK_EVERY_MS = 20;
const MAX_LOOKS = 100;

/** The dead letters, for a person to decide about. */
export interface DeadLetterBox {
  /** The oldest letters, which stay where they are. */
  list(limit: number): Promise<DeadLetter[]>;
  /** Sends every letter that is there now to the queue of visits again, and removes it. Resolves with their number. */
  replay(): Promise<number>;
  /** Removes every letter. Resolves with their number. */
  purge(): Promise<number>;
  close(): Promise<void>;
}

/**
 * The dead letters of a RabbitMQ broker.
 * @throws Error when the broker cannot be reached.
 */
export async function openDeadLetterBox({ url }: { url: string }): Promise<DeadLetterBox> {
  // `onConnect` rejects when the first attempt fails. A later failure rejects the call that it fails.
  const connection = connectRabbitmq({ url, name: 'terse-dead-letters', onError: () => {} });
  await connection.onConnect(4000);
  await connection.queueDeclare(DEAD_QUEUE_OPTIONS);
  await connection.queueDeclare(QUEUE_OPTIONS);

  async function count(): Promise<number> {
    return (await connection.queueDeclare({ queue: DEAD_QUEUE, passive: true })).messageCount;
  }

  return {
    list: async (limit) => {
      const before = await count();
      const channel = await connection.acquire();
      const letters: DeadLetter[] = [];
      try {
        while (letters.length < limit) {
          const message = await channel.basicGet(DEAD_QUEUE);
          if (!message) break;
          const headers = publishersHeaders(message);
          letters.push({
            body: messageText(message),
            reason: reasonOf(message),
            ...(headers && { headers }),
          });
        }
      } finally {
        // Without an acknowledgement the letters go back, which takes the broker a moment.
        await channel.close();
      }
      for (let looks = 0; looks < MAX_LOOKS && (await count()) < before; looks++) await sleep(LOOK_EVERY_MS);
      return letters;
    },

    replay: async () => {
      const channel = await connection.acquire();
      const publisher = connection.createPublisher({ confirm: true });
      try {
        const there = await count();
        let replayed = 0;
        while (replayed < there) {
          const message = await channel.basicGet(DEAD_QUEUE);
          if (!message) break;
          const headers = publishersHeaders(message);
          await publisher.send(
            { routingKey: QUEUE, durable: true, mandatory: true, ...(headers && { headers }) },
            Buffer.from(messageText(message)),
          );
          channel.basicAck({ deliveryTag: message.deliveryTag });
          replayed++;
        }
        return replayed;
      } finally {
        await publisher.close();
        await channel.close();
      }
    },

    purge: async () => (await connection.queuePurge({ queue: DEAD_QUEUE })).messageCount,

    close: () => connection.close(),
  };
}

/** The headers that the publisher gave to a dead letter. */
function publishersHeaders(message: SyncMessage): Record<string, unknown> | undefined {
  const { reason: _, ...headers } = messageHeaders(message) ?? {};
  return Object.keys(headers).length > 0 ? headers : undefined;
}

/** The reason that the writer gave. A message that the broker set aside has the broker's header instead. */
function reasonOf({ headers }: SyncMessage): string {
  const { reason, 'x-death': deaths } = headers ?? {};
  if (typeof reason === 'string') return reason;
  return Array.isArray(deaths) ? 'delivered too often' : 'unknown';
}
