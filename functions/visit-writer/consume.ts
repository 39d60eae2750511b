import type { Hono } from 'hono';
import { batch } from '@terse/queue/batch';
import type { Subscriber, Subscription } from '@terse/queue/queue';
import type { Config } from '@terse/runtime/config';
import type { Logger } from '@terse/runtime/log';
import { postEvent } from '@terse/runtime/triggers';
import type { VisitBatch } from './app.ts';

const MAX_MESSAGES = 200;
/** About 4,000 visits. */
const MAX_LENGTH = 1_000_000;
/** About 400: more at once would keep the embedded database, and with it every redirect, busy for too long. */
const MAX_EMBEDDED_LENGTH = 100_000;

/** The trigger of the visit-writer: posts what lies in the queue to it, batch by batch. */
export function consume(
  app: Pick<Hono, 'request'>,
  subscriber: Subscriber,
  { visitBatchWaitMs, database }: Config,
  log: Logger,
): Subscription {
  return batch(
    subscriber,
    {
      maxMessages: MAX_MESSAGES,
      maxLength: database.kind === 'pglite' ? MAX_EMBEDDED_LENGTH : MAX_LENGTH,
      maxWaitMs: visitBatchWaitMs,
      onError: (error) =>
        log.error({ err: error }, 'a batch of visits could not be stored and is tried again'),
    },
    (messages) => postEvent(app, { messages: [...messages] } satisfies VisitBatch),
  );
}
