import type { Hono } from 'hono';
import { z } from 'zod';
import type { VisitWriter } from '@terse/core/visit-writer';
import { type AppParts, createApp } from '@terse/http/create-app';
import { limitBody, readBody } from '@terse/http/request-body';

export interface VisitWriterDependencies extends AppParts {
  readonly writer: VisitWriter;
}

const MAX_BODY_BYTES = 16 * 1024 * 1024;

/** A batch of messages from the queue of visits, as the trigger posts it. */
const batchSchema = z.strictObject({
  messages: z
    .array(z.strictObject({ body: z.string(), headers: z.record(z.string(), z.unknown()).optional() }))
    .max(1000),
});

export type VisitBatch = z.input<typeof batchSchema>;

/**
 * Stores visits. A 2xx answer means that the whole batch is dealt with and may be acknowledged; any other, that the
 * whole batch must come again.
 */
export function createVisitWriterApp(dependencies: VisitWriterDependencies): Hono {
  const app = createApp(dependencies);

  app.post('/.events', limitBody(MAX_BODY_BYTES), async (c) => {
    const { messages } = await readBody(c, batchSchema);
    return c.json(await dependencies.writer.write(messages));
  });

  return app;
}
