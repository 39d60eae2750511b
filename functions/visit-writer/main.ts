import { serve } from '@terse/http/serve';
import { createContext, openVisitWriter } from '@terse/runtime/dependencies';
import { runUntilStopped } from '@terse/runtime/process';
import { createVisitWriterApp } from './app.ts';
import { consume } from './consume.ts';

await runUntilStopped(async () => {
  const context = createContext('visit-writer');
  const parts = await openVisitWriter(context);
  const app = createVisitWriterApp(parts);
  const server = await serve(app, context.config);
  const consuming = consume(app, parts.subscriber, context.config, context.log);
  return async (deadlineMs) => {
    parts.gate.stop();
    await consuming.close();
    await server.close(deadlineMs);
    await parts.close();
  };
});
