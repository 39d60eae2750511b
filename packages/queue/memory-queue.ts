import type { Backlog, Delivery, Postponer, Publisher, Subscriber } from '@terse/core/visits/ports';
import {
  createMemoryDeadLetters,
  type MemoryDeadLetters,
  type MemoryDeadLettersOptions,
} from './memory-dead-letters.ts';
import { POSTPONE_MS } from './message.ts';

export interface MemoryQueueOptions extends MemoryDeadLettersOptions {
  /** The most messages held at once; beyond it `publish` rejects. */
  readonly maxMessages: number;
  /** After how long a postponed message comes again. */
  readonly postponeMs?: number;
}

export interface MemoryQueue extends Publisher, Subscriber, Backlog, MemoryDeadLetters, Postponer {}

interface Message {
  readonly body: string;
  readonly done: () => void;
  isPostponed: boolean;
}

interface Consumer {
  readonly prefetch: number;
  readonly unacknowledged: Set<Message>;
  readonly onDelivery: (delivery: Delivery) => void;
}

/**
 * A queue inside this process. Nothing in it survives a kill, so `publish` resolves only when a message is done: the
 * publisher still has it until then.
 *
 * | a message is   | which means                    | becomes                                                         |
 * | -------------- | ------------------------------ | --------------------------------------------------------------- |
 * | waiting        | no subscriber has it           | unacknowledged, once the subscriber has fewer than its prefetch |
 * | unacknowledged | a subscriber has it            | done; postponed, if that was asked; waiting, when it closes     |
 * | postponed      | waits for one that can read it | waiting, after `postponeMs`                                     |
 * | done           | is forgotten; `publish` ends   |                                                                 |
 */
export function createMemoryQueue(options: MemoryQueueOptions): MemoryQueue {
  const { maxMessages, postponeMs = POSTPONE_MS } = options;
  const waiting: Message[] = [];
  let held = 0;
  let postponed = 0;
  let consumer: Consumer | undefined;

  function dispatch(): void {
    for (;;) {
      // Read again each time: a delivery may be acknowledged at once, or end the subscription.
      const current = consumer;
      if (!current || current.unacknowledged.size >= current.prefetch) return;
      const message = waiting.shift();
      if (!message) return;
      current.unacknowledged.add(message);
      current.onDelivery({
        body: message.body,
        acknowledge: () => {
          if (!current.unacknowledged.delete(message)) return;
          held--;
          if (message.isPostponed) comeAgainLater(message);
          else message.done();
          dispatch();
        },
      });
    }
  }

  /** `publish` does not resolve, so the publisher keeps the message for a process that can read it. */
  function comeAgainLater(message: Message): void {
    message.isPostponed = false;
    postponed++;
    setTimeout(() => {
      postponed--;
      held++;
      waiting.push(message);
      dispatch();
    }, postponeMs).unref();
  }

  return {
    ...createMemoryDeadLetters(options),
    publish: (body) => {
      if (held >= maxMessages) return Promise.reject(new Error('The queue is full.'));
      held++;
      const { promise, resolve } = Promise.withResolvers<void>();
      waiting.push({ body: body.toString(), done: resolve, isPostponed: false });
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
    waiting: () => Promise.resolve(waiting.length + postponed),
    unacknowledged: () => consumer?.unacknowledged.size ?? 0,
    postpone: (messages) => {
      for (const message of consumer?.unacknowledged ?? []) {
        message.isPostponed ||= messages.some(({ body }) => body === message.body);
      }
      return Promise.resolve();
    },
  };
}
