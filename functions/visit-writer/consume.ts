import type { Clock } from '@terse/platform/clock';
import { batch } from '@terse/queue/batch';
import type { Config } from '@terse/runtime/settings/config';
import type { Logger } from '@terse/runtime/telemetry/log';
import { createReportLimit } from '@terse/runtime/telemetry/report-limit';
import type { VisitWriter } from '@terse/core/visits/writer/visit-writer';
import type { DeadLetters, Delivery, Subscriber, Subscription } from '@terse/core/visits/ports';

const MAX_MESSAGES = 50;
/** About 4,000 visits. */
const MAX_LENGTH = 1_000_000;
/** While the database stores one batch, the next is read. */
const BATCHES_AT_ONCE = 2;
/** Four times the largest message of visits. */
const MAX_MESSAGE_LENGTH = 4_000_000;

const MAX_PRESSURE = 0.5;
const YIELD_MS = 50;
const MAX_YIELDS = 40;
const REPORT_EVERY_MS = 5000;

export interface ConsumeOptions {
  readonly writer: Pick<VisitWriter, 'write'>;
  readonly subscriber: Subscriber;
  readonly deadLetters: DeadLetters;
  readonly config: Config;
  readonly clock: Pick<Clock, 'monotonic' | 'sleep'>;
  readonly log: Logger;
  /** The load of redirects in the same process, from 0 to 1: under load, a batch waits up to two seconds for them. */
  readonly pressure: () => number;
}

/** The trigger of the visit-writer: stores the messages in the queue, batch by batch. */
export function consume(options: ConsumeOptions): Subscription {
  const { writer, config, clock, log, pressure } = options;
  const failures = createReportLimit(REPORT_EVERY_MS, clock);
  return batch(
    withoutOversized(options),
    {
      maxMessages: MAX_MESSAGES,
      maxLength: MAX_LENGTH,
      atOnce: BATCHES_AT_ONCE,
      clock,
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
      await writer.write(messages);
    },
  );
}

/** Dead-letters at once a message that is larger than any message of visits: it would only delay its batch. */
function withoutOversized({ subscriber, deadLetters, log }: ConsumeOptions): Subscriber {
  async function setAside({ body, headers, acknowledge }: Delivery): Promise<void> {
    try {
      await deadLetters.add([{ body, headers, reason: `longer than ${MAX_MESSAGE_LENGTH} characters` }]);
      acknowledge();
    } catch (error) {
      log.error({ err: error }, 'an oversized message could not be dead-lettered and is delivered again');
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
