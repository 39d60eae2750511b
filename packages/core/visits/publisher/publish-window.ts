import type { Clock } from '@terse/platform/clock';
import { type RetryOptions, retryUntilDone } from '@terse/platform/retry';
import type { Metrics } from '../../metrics.ts';
import type { OverflowQueue, Publisher } from '../ports.ts';
import type { OutgoingMessage } from './outgoing-message.ts';

export interface PublishWindowOptions {
  readonly publisher: Publisher;
  /** Takes at once the messages that the queue does not. Without it, the queue is tried until it takes them. */
  readonly fallBack: Pick<OverflowQueue, 'add'> | undefined;
  readonly clock: Pick<Clock, 'sleep'>;
  readonly metrics: Pick<Metrics, 'publishFailed' | 'overflowed'>;
  /** Runs once for each message, when the queue or the overflow queue has it. */
  readonly onDone: (message: OutgoingMessage) => void;
}

const MESSAGES_IN_FLIGHT = 64;

/** Publishes complete messages in their order, a bounded number at once, each until the queue has it. */
export class PublishWindow {
  readonly #options: PublishWindowOptions;
  readonly #retrying: RetryOptions;
  readonly #waiting: OutgoingMessage[] = [];
  readonly #inFlight = new Set<OutgoingMessage>();

  constructor(options: PublishWindowOptions) {
    this.#options = options;
    this.#retrying = { clock: options.clock, onFailure: () => options.metrics.publishFailed() };
  }

  /** Messages that are waiting, the oldest first. */
  get waiting(): readonly OutgoingMessage[] {
    return this.#waiting;
  }

  get inFlight(): ReadonlySet<OutgoingMessage> {
    return this.#inFlight;
  }

  push(...messages: readonly OutgoingMessage[]): void {
    this.#waiting.push(...messages);
    this.#fill();
  }

  /** Marks a message as done. The queue and the overflow queue may both report it. */
  finish(message: OutgoingMessage): void {
    if (message.isDone) return;
    message.isDone = true;
    if (!message.mayStillBeSent) message.bytes?.release();
    message.done?.resolve();
    this.#options.onDone(message);
  }

  #fill(): void {
    while (this.#inFlight.size < MESSAGES_IN_FLIGHT) {
      const next = this.#waiting.shift();
      if (!next) return;
      if (!next.isDone) void this.#publish(next);
    }
  }

  async #publish(message: OutgoingMessage): Promise<void> {
    this.#inFlight.add(message);
    await retryUntilDone(() => this.#try(message), this.#retrying);
    this.#inFlight.delete(message);
    this.finish(message);
    this.#fill();
  }

  async #try(message: OutgoingMessage): Promise<void> {
    const { publisher, fallBack, metrics } = this.#options;
    if (message.isDone || !message.bytes) return;
    const { body } = message.bytes;
    try {
      await publisher.publish(body);
    } catch (error) {
      message.mayStillBeSent = true;
      if (!fallBack) throw error;
      await fallBack.add(body.toString());
      metrics.overflowed();
    }
  }
}
