import type {
  Backlog,
  DeadLetter,
  DeadLetters,
  Delivery,
  Postponer,
  Publisher,
  Subscriber,
} from '@terse/core/visits/ports';

export interface MemoryQueueOptions {
  /** The most messages held at once; beyond it `publish` rejects. */
  readonly maxMessages: number;
  readonly maxDeadLetters: number;
  readonly onDeadLetter: (letter: DeadLetter) => void;
  /** After how long a postponed message comes again. */
  readonly postponeMs?: number;
}

export interface MemoryQueue extends Publisher, Subscriber, Backlog, DeadLetters, Postponer {
  /** The newest dead letters, oldest first. */
  deadLetters(): readonly DeadLetter[];
}

interface Message {
  readonly body: string;
  readonly settled: () => void;
  isPostponed: boolean;
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
  const { postponeMs = 60_000 } = options;
  const waiting: Message[] = [];
  const dead: DeadLetter[] = [];
  let held = 0;
  let postponed = 0;
  let consumer: Consumer | undefined;

  function dispatch(): void {
    for (;;) {
      // Looked at anew each time: a delivery may be acknowledged at once, or end the subscription.
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
          else message.settled();
          dispatch();
        },
      });
    }
  }

  /** Leaves the message unsettled, so that its publisher keeps it for a process that can read it. */
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
    publish: (body) => {
      if (held >= options.maxMessages) return Promise.reject(new Error('The queue is full.'));
      held++;
      const { promise, resolve } = Promise.withResolvers<void>();
      waiting.push({ body: body.toString(), settled: resolve, isPostponed: false });
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
    dead: () => Promise.resolve(dead.length),
    unacknowledged: () => consumer?.unacknowledged.size ?? 0,
    postpone: (messages) => {
      for (const message of consumer?.unacknowledged ?? []) {
        message.isPostponed ||= messages.some(({ body }) => body === message.body);
      }
      return Promise.resolve();
    },
    add: (letters) => {
      dead.push(...letters);
      dead.splice(0, Math.max(0, dead.length - options.maxDeadLetters));
      for (const letter of letters) options.onDeadLetter(letter);
      return Promise.resolve();
    },
    deadLetters: () => dead,
  };
}
