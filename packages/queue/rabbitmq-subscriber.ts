import { type AsyncMessage, type Connection, ConsumerStatus } from 'rabbitmq-client';
import type { Backlog, Delivery, Subscriber } from '@terse/core/visits/ports';
import { messageHeaders, messageText } from './message.ts';
import { QUEUE, QUEUE_OPTIONS } from './rabbitmq-topology.ts';

/** Receives visits. Each delivery is acknowledged singly; at close, the others go back to the queue. */
export function createRabbitmqSubscriber(
  connection: Connection,
  onError: (error: unknown) => void,
): Subscriber & Pick<Backlog, 'unacknowledged'> {
  let held = 0;

  /** @returns what the client waits for before it answers the broker. */
  function hold(
    message: AsyncMessage,
    unacknowledged: Set<() => void>,
    onDelivery: (delivery: Delivery) => void,
  ): Promise<ConsumerStatus> {
    const { promise, resolve } = Promise.withResolvers<ConsumerStatus>();
    const answer = (status: ConsumerStatus) => {
      held--;
      resolve(status);
    };
    const giveBack = () => answer(ConsumerStatus.REQUEUE);
    unacknowledged.add(giveBack);
    held++;
    onDelivery({
      body: messageText(message),
      headers: messageHeaders(message),
      acknowledge: () => {
        if (unacknowledged.delete(giveBack)) answer(ConsumerStatus.ACK);
      },
    });
    return promise;
  }

  return {
    subscribe: (prefetch, onDelivery) => {
      const unacknowledged = new Set<() => void>();
      const consumer = connection.createConsumer(
        {
          queue: QUEUE,
          queueOptions: QUEUE_OPTIONS,
          qos: { prefetchCount: prefetch },
          concurrency: prefetch,
        },
        (message: AsyncMessage) => hold(message, unacknowledged, onDelivery),
      );
      consumer.on('error', onError);
      return {
        close: async () => {
          // In this order, so that a message that goes back does not come to the same consumer again.
          const closing = consumer.close();
          for (const giveBack of unacknowledged) giveBack();
          unacknowledged.clear();
          await closing;
        },
      };
    },
    unacknowledged: () => held,
  };
}
