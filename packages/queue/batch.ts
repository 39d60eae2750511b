import type { Delivery, Subscriber, Subscription } from './queue.ts';

export interface BatchOptions {
  readonly maxMessages: number;
  /** Of the bodies together, in UTF-16 code units. */
  readonly maxLength: number;
  /** How long the first message of a batch may wait for company. */
  readonly maxWaitMs: number;
}

/**
 * Hands messages on in batches, one batch at a time: a batch is complete when it has `maxMessages` or `maxLength`, or
 * when `maxWaitMs` have passed. Its messages are acknowledged when `handle` resolves, never before, and are delivered
 * again when it rejects.
 */
export function batch(
  subscriber: Subscriber,
  options: BatchOptions,
  handle: (bodies: readonly string[]) => Promise<void>,
): Subscription {
  let gathered: Delivery[] = [];
  let length = 0;
  let timer: NodeJS.Timeout | undefined;
  let handling: Promise<void> | undefined;
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
    const deliveries = takeBatch();
    handling = handleBatch(deliveries).then(() => {
      handling = undefined;
      // No timer: the time of those that gathered meanwhile is up.
      if (closed || isComplete() || !timer) flush();
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

  async function handleBatch(deliveries: readonly Delivery[]): Promise<void> {
    try {
      await handle(deliveries.map(({ body }) => body));
    } catch {
      for (const delivery of deliveries) delivery.retry();
      return;
    }
    for (const delivery of deliveries) delivery.acknowledge();
  }

  async function finishHandling(): Promise<void> {
    if (!handling) return;
    await handling;
    await finishHandling();
  }

  return {
    close: async () => {
      closed = true;
      clearTimeout(timer);
      flush();
      await finishHandling();
      await subscription.close();
    },
  };
}
