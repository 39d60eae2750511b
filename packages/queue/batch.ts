import type { Delivery, Message, Subscriber, Subscription } from '@terse/core/visits/ports';
import type { Clock } from '@terse/platform/clock';
import { type RetryOptions, retryUntilDone } from '@terse/platform/retry';
import { type BatchSize, GatheredDeliveries } from './gathered-deliveries.ts';

export interface BatchOptions extends BatchSize {
  /** How long the first message of a batch may wait for others. */
  readonly maxWaitMs: number;
  /** How many batches may be handled at once. */
  readonly atOnce: number;
  readonly clock: Pick<Clock, 'sleep'>;
  /** Called with the error, each time that a batch fails. */
  readonly onError: (error: unknown) => void;
}

type Handle = (messages: readonly Message[]) => Promise<void>;

const BACKOFF = { firstMs: 500, maxMs: 15_000 };

/**
 * Handles messages in batches, a few batches at a time. A batch that fails is held and tried again after growing waits,
 * so that an outage does not use up the deliveries that the queue allows a message.
 *
 * | a message is | which means           | until                                                              |
 * | ------------ | --------------------- | ------------------------------------------------------------------ |
 * | gathered     | waits for others      | there are `maxMessages` or `maxLength`, or `maxWaitMs` have passed |
 * | handled      | is in a batch         | `handle` resolves, or fails after the subscription was closed      |
 * | acknowledged | is forgotten          |                                                                    |
 * | given back   | is in the queue again | another subscriber takes it                                        |
 */
export function batch(subscriber: Subscriber, options: BatchOptions, handle: Handle): Subscription {
  const batches = new Batches(options, handle);
  // One batch more: the next one gathers while others are handled.
  const prefetch = options.maxMessages * (options.atOnce + 1);
  const subscription = subscriber.subscribe(prefetch, (delivery) => batches.add(delivery));
  return {
    close: async () => {
      await batches.close();
      await subscription.close();
    },
  };
}

class Batches {
  readonly #options: BatchOptions;
  readonly #handle: Handle;
  readonly #retrying: RetryOptions;
  readonly #gathered: GatheredDeliveries;
  readonly #handling = new Set<Promise<void>>();
  readonly #closing = new AbortController();
  /** Runs while the first gathered message may wait for others. */
  #timer: NodeJS.Timeout | undefined;

  constructor(options: BatchOptions, handle: Handle) {
    const { clock, onError } = options;
    this.#options = options;
    this.#handle = handle;
    this.#retrying = { clock, onFailure: onError, backoff: BACKOFF, signal: this.#closing.signal };
    this.#gathered = new GatheredDeliveries(options);
  }

  add(delivery: Delivery): void {
    this.#gathered.add(delivery);
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      this.#begin();
    }, this.#options.maxWaitMs);
    if (this.#gathered.isComplete) this.#begin();
  }

  /** Handles the gathered messages. A batch that fails now is not tried again. */
  async close(): Promise<void> {
    this.#closing.abort();
    clearTimeout(this.#timer);
    this.#begin();
    while (this.#handling.size > 0) await Promise.all(this.#handling);
  }

  /** Begins the next batch, if there is one and it is its turn. */
  #begin(): void {
    if (this.#handling.size === this.#options.atOnce || this.#gathered.isEmpty) return;
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const handling = this.#run(this.#gathered.take()).then((isDone) => {
      this.#handling.delete(handling);
      if (isDone && this.#isDue) this.#begin();
    });
    this.#handling.add(handling);
    if (this.#gathered.isComplete) this.#begin();
  }

  /** Whether the next batch need not wait. Without a timer, its messages have waited long enough. */
  get #isDue(): boolean {
    return this.#closing.signal.aborted || this.#gathered.isComplete || this.#timer === undefined;
  }

  /** @returns whether it succeeded. */
  #run(deliveries: readonly Delivery[]): Promise<boolean> {
    const messages = deliveries.map(({ body, headers }) => ({ body, ...(headers && { headers }) }));
    return retryUntilDone(async () => {
      await this.#handle(messages);
      for (const delivery of deliveries) delivery.acknowledge();
    }, this.#retrying);
  }
}
