import type { Delivery, Message, Subscriber, Subscription } from '@terse/core/visits/ports';

export interface BatchOptions {
  readonly maxMessages: number;
  /** Of the bodies together, in UTF-16 code units. */
  readonly maxLength: number;
  /** How long the first message of a batch may wait for company. */
  readonly maxWaitMs: number;
  /** How many batches may be handled at once. */
  readonly atOnce: number;
  /** Called with what a batch failed of, each time it fails. */
  readonly onError: (error: unknown) => void;
}

const FIRST_RETRY_MS = 500;
const LAST_RETRY_MS = 15_000;

/**
 * Hands messages on in batches, a few at a time: a batch is complete when it has `maxMessages` or `maxLength`, or when
 * `maxWaitMs` have passed. Its messages are acknowledged when `handle` resolves, never before. A batch that fails is
 * kept and tried again, after growing waits, so that an outage behind it uses up nobody's number of deliveries; when
 * the subscription is closed meanwhile, its messages go back to the queue.
 */
export function batch(
  subscriber: Subscriber,
  options: BatchOptions,
  handle: (messages: readonly Message[]) => Promise<void>,
): Subscription {
  let gathered: Delivery[] = [];
  let length = 0;
  let timer: NodeJS.Timeout | undefined;
  const handling = new Set<Promise<void>>();
  const closing = Promise.withResolvers<void>();
  let closed = false;

  // One batch more: the next one gathers while others are handled.
  const prefetch = options.maxMessages * (options.atOnce + 1);
  const subscription = subscriber.subscribe(prefetch, (delivery) => {
    gathered.push(delivery);
    length += delivery.body.length;
    timer ??= setTimeout(() => {
      timer = undefined;
      flush();
    }, options.maxWaitMs);
    if (isComplete()) flush();
  });

  function isComplete(): boolean {
    return gathered.length >= options.maxMessages || length >= options.maxLength;
  }

  function flush(): void {
    if (handling.size === options.atOnce || gathered.length === 0) return;
    clearTimeout(timer);
    timer = undefined;
    const handled = handleBatch(takeBatch()).then((isDone) => {
      handling.delete(handled);
      // No timer: the time of those that gathered meanwhile is up.
      if (isDone && (closed || isComplete() || !timer)) flush();
    });
    handling.add(handled);
    if (isComplete()) flush();
  }

  function takeBatch(): Delivery[] {
    let taken = 0;
    let takenLength = 0;
    for (const { body } of gathered) {
      if (taken === options.maxMessages || (taken > 0 && takenLength + body.length > options.maxLength)) {
        break;
      }
      taken++;
      takenLength += body.length;
    }
    length -= takenLength;
    return gathered.splice(0, taken);
  }

  async function handleBatch(deliveries: readonly Delivery[]): Promise<boolean> {
    const messages = deliveries.map(({ body, headers }) => ({ body, ...(headers && { headers }) }));
    for (let waitMs = FIRST_RETRY_MS; ; waitMs = Math.min(waitMs * 2, LAST_RETRY_MS)) {
      try {
        await handle(messages);
        for (const delivery of deliveries) delivery.acknowledge();
        return true;
      } catch (error) {
        options.onError(error);
      }
      if (closed) return false;
      await waitOrClose(waitMs);
    }
  }

  async function waitOrClose(ms: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const wait = setTimeout(resolve, ms);
    await Promise.race([promise, closing.promise]);
    clearTimeout(wait);
  }

  async function finishHandling(): Promise<void> {
    if (handling.size === 0) return;
    await Promise.all(handling);
    await finishHandling();
  }

  return {
    close: async () => {
      closed = true;
      closing.resolve();
      clearTimeout(timer);
      flush();
      await finishHandling();
      await subscription.close();
    },
  };
}
