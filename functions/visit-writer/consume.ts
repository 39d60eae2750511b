import type { Hono } from 'hono';
import type { Clock } from '@terse/core/clock';
import { batch } from '@terse/queue/batch';
import type { DeadLetters, Delivery, Subscriber, Subscription } from '@terse/queue/queue';
import type { Config } from '@terse/runtime/config';
import type { Logger } from '@terse/runtime/log';
import { createReportLimit } from '@terse/runtime/report-limit';
import { handOver } from '@terse/runtime/triggers';
import type { HandedOver } from './app.ts';

const MAX_MESSAGES = 50;
/** About 4,000 visits. */
const MAX_LENGTH = 1_000_000;
/** While the database stores one, the next is read. */
const BATCHES_AT_ONCE = 2;
/** Four times what the largest message of visits can have. */
const MAX_MESSAGE_LENGTH = 4_000_000;

const MAX_PRESSURE = 0.5;
const YIELD_MS = 50;
const MAX_YIELDS = 40;
const REPORT_EVERY_MS = 5000;

export interface ConsumeOptions {
  readonly subscriber: Subscriber;
  readonly deadLetters: DeadLetters;
  readonly config: Config;
  readonly clock: Pick<Clock, 'monotonic' | 'sleep'>;
  readonly log: Logger;
  /** How hard redirects in the same process are pressed, from 0 to 1: storing their visits waits a little for them. */
  readonly pressure: () => number;
}

/** The trigger of the visit-writer: hands what lies in the queue over to it, batch by batch. */
export function consume(app: Pick<Hono, 'request'>, options: ConsumeOptions): Subscription {
  const { config, clock, log, pressure } = options;
  const failures = createReportLimit(REPORT_EVERY_MS, clock);
  return batch(
    withoutOversized(options),
    {
      maxMessages: MAX_MESSAGES,
      maxLength: MAX_LENGTH,
      atOnce: BATCHES_AT_ONCE,
      maxWaitMs: config.visitBatchWaitMs,
      onError: (error) => {
        failures.report((leftOut) => {
          log.error({ err: error, ...leftOut }, 'a batch of visits could not be stored and is tried again');
        });
      },
    },
    async (messages) => {
      for (let yields = 0; yields < MAX_YIELDS && pressure() >= MAX_PRESSURE; yields++) {
        await clock.sleep(YIELD_MS);
      }
      await handOver(app, { batch: { messages: [...messages] } } satisfies HandedOver);
    },
  );
}

/** Sets aside at once what is too large to be posted: no batch would ever succeed with it. */
function withoutOversized({ subscriber, deadLetters, log }: ConsumeOptions): Subscriber {
  async function setAside({ body, headers, acknowledge }: Delivery): Promise<void> {
    try {
      await deadLetters.add([{ body, headers, reason: `longer than ${MAX_MESSAGE_LENGTH} characters` }]);
      acknowledge();
    } catch (error) {
      log.error({ err: error }, 'an oversized message could not be set aside and will be delivered again');
    }
  }

  return {
    subscribe: (prefetch, onDelivery) =>
      subscriber.subscribe(prefetch, (delivery) => {
        if (delivery.body.length > MAX_MESSAGE_LENGTH) void setAside(delivery);
        else onDelivery(delivery);
      }),
  };
}
