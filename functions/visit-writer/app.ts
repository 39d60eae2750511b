import type { Hono } from 'hono';
import { z } from '@terse/platform/zod';
import type { VisitWriter } from '@terse/core/visits/writer/visit-writer';
import { type AppDependencies, createApp } from '@terse/http/create-app';
import { limitBody, readBody } from '@terse/http/request-body';

export interface VisitWriterDependencies extends AppDependencies {
  readonly writer: VisitWriter;
}

const MAX_BODY_BYTES = 16 * 1024 * 1024;

const MAX_MESSAGES = 1000;

const headersSchema = z.record(z.string(), z.unknown()).optional();

/** A batch of messages from the queue of visits, as the trigger posts it. */
const batchSchema = z.strictObject({
  messages: z.array(z.strictObject({ body: z.string(), headers: headersSchema })).max(MAX_MESSAGES),
});

/** The same batch as AWS Lambda delivers it from RabbitMQ: by queue, with messages in base64. */
const rabbitmqEventSchema = z
  .object({
    eventSource: z.literal('aws:rmq'),
    rmqMessagesByQueue: z.record(
      z.string(),
      z
        .array(
          z.object({
            data: z.base64(),
            basicProperties: z.object({ headers: headersSchema.nullable() }).optional(),
          }),
        )
        .max(MAX_MESSAGES),
    ),
  })
  .transform(({ rmqMessagesByQueue }) => ({
    messages: Object.values(rmqMessagesByQueue)
      .flat()
      .map(({ data, basicProperties }) => ({
        body: Buffer.from(data, 'base64').toString(),
        headers: basicProperties?.headers ?? undefined,
      })),
  }));

const eventSchema = z.union([batchSchema, rabbitmqEventSchema]);

/**
 * Stores visits. After a 2xx answer the whole batch may be acknowledged; after any other, the whole batch must be
 * delivered again.
 */
export function createVisitWriterApp(dependencies: VisitWriterDependencies): Hono {
  const app = createApp(dependencies);

  app.post('/.events', limitBody(MAX_BODY_BYTES), async (c) => {
    const { messages } = await readBody(c, eventSchema);
    return c.json(await dependencies.writer.write(messages));
  });

  return app;
}
