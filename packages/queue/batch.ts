import type { Delivery, Message, Subscriber, Subscription } from './queue.ts';

export interface BatchOptions {
  readonly maxMessages: number;
  /** Of the bodies together, in UTF-16 code units. */
  readonly maxLength: number;
  /** How long the first message of a batch may wait for company. */
  readonly maxWaitMs: number;
  /** Called with what a batch failed of, each time it fails. */
  readonly onError: (error: unknown) => void;
}

const FIRST_RETRY_MS = 500;
const LAST_RETRY_MS = 15_000;

/**
 * Hands messages on in batches, one batch at a time: a batch is complete when it has `maxMessages` or `maxLength`, or
 * when `maxWaitMs` have passed. Its messages are acknowledged when `handle` resolves, never before. A batch that fails is
 * kept and tried again, after growing waits, so that an outage behind it uses up nobody's number of deliveries; when the
 * subscription is closed meanwhile, its messages go back to the queue.
 */
export function batch(
  subscriber: Subscriber,
  options: BatchOptions,
  handle: (messages: readonly Message[]) => Promise<void>,
): Subscription {
  let gathered: Delivery[] = [];
  let length = 0;
  let timer: NodeJS.Timeout | undefined;
  let handling: Promise<void> | undefined;
  const closing = Promise.withResolvers<void>();
  let closed = false;

  // Twice the batch: the next one gathers while this one is handled.
  const subscription = subscriber.subscribe(options.maxMessages * 2, (delivery) => {
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
    if (handling || gathered.length === 0) return;
    clearTimeout(timer);
    timer = undefined;
    handling = handleBatch(takeBatch()).then((handled) => {
      handling = undefined;
      // No timer: the time of those that gathered meanwhile is up.
      if (handled && (closed || isComplete() || !timer)) flush();
    });
  }

  function takeBatch(): Delivery[] {
    let taken = 0;
    let takenLength = 0;
    for (const { body } of gathered) {
      if (taken === options.maxMessages || (taken > 0 && takenLength + body.length > options.maxLength))
        break;
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
    if (!handling) return;
    await handling;
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
