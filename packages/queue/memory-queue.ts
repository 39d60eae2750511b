import type { DeadLetter, DeadLetters, Delivery, Publisher, Subscriber } from './queue.ts';

export interface MemoryQueueOptions {
  /** The most messages held at once; beyond it `publish` rejects. */
  readonly maxMessages: number;
  readonly maxDeadLetters: number;
  /** After so many deliveries without an acknowledgement a message becomes a dead letter. */
  readonly maxDeliveries: number;
  readonly retryDelayMs: number;
  readonly onDeadLetter: (letter: DeadLetter) => void;
}

export interface MemoryQueue extends Publisher, Subscriber, DeadLetters {
  /** The newest dead letters, oldest first. */
  deadLetters(): readonly DeadLetter[];
}

interface Message {
  readonly body: string;
  deliveries: number;
  readonly settled: () => void;
}

interface Consumer {
  readonly prefetch: number;
  readonly unacknowledged: Set<Message>;
  readonly onDelivery: (delivery: Delivery) => void;
}

/**
 * A queue inside this process. Nothing in it survives a kill, so `publish` resolves only when the message was
 * acknowledged: whoever publishes still has it until then.
 */
export function createMemoryQueue(options: MemoryQueueOptions): MemoryQueue {
  const waiting: Message[] = [];
  const dead: DeadLetter[] = [];
  let held = 0;
  let consumer: Consumer | undefined;

  function dispatch(): void {
    for (;;) {
      // Looked at anew each time: a delivery may be acknowledged at once, or end the subscription.
      const current = consumer;
      if (!current || current.unacknowledged.size >= current.prefetch) return;
      const message = waiting.shift();
      if (!message) return;
      message.deliveries++;
      current.unacknowledged.add(message);
      current.onDelivery(deliver(message, current.unacknowledged));
    }
  }

  function deliver(message: Message, unacknowledged: Set<Message>): Delivery {
    // A delivery that went back to the queue, or was settled, is in the set no more: its later calls do nothing.
    const delivery = message.deliveries;
    const isOpen = () => message.deliveries === delivery && unacknowledged.delete(message);
    return {
      body: message.body,
      acknowledge: () => {
        if (isOpen()) settle(message);
      },
      retry: () => {
        if (!isOpen()) return;
        if (message.deliveries >= options.maxDeliveries) {
          bury([{ body: message.body, reason: `not stored after ${message.deliveries} deliveries` }]);
          settle(message);
        } else {
          setTimeout(() => {
            waiting.push(message);
            dispatch();
          }, options.retryDelayMs);
        }
      },
    };
  }

  function settle(message: Message): void {
    held--;
    message.settled();
    dispatch();
  }

  function bury(letters: readonly DeadLetter[]): void {
    for (const letter of letters) {
      dead.push(letter);
      options.onDeadLetter(letter);
    }
    dead.splice(0, Math.max(0, dead.length - options.maxDeadLetters));
  }

  return {
    publish: (body) => {
      if (held >= options.maxMessages) return Promise.reject(new Error('The queue is full.'));
      held++;
      const { promise, resolve } = Promise.withResolvers<void>();
      waiting.push({ body, deliveries: 0, settled: resolve });
      dispatch();
      return promise;
    },
    subscribe: (prefetch, onDelivery) => {
      if (consumer) throw new Error('The in-process queue takes one subscriber.');
      const own = { prefetch, unacknowledged: new Set<Message>(), onDelivery };
      consumer = own;
      queueMicrotask(dispatch);
      return {
        close: () => {
          consumer = undefined;
          waiting.unshift(...own.unacknowledged);
          own.unacknowledged.clear();
          return Promise.resolve();
        },
      };
    },
    add: (letters) => {
      bury(letters);
      return Promise.resolve();
    },
    deadLetters: () => dead,
  };
}
