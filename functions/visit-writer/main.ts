import { serve } from '@terse/http/serve';
import { createContext, openVisitWriter } from '@terse/runtime/dependencies';
import { runUntilStopped } from '@terse/runtime/process';
import { createVisitWriterApp } from './app.ts';
import { consume } from './consume.ts';

void runUntilStopped(async () => {
  const context = createContext('visit-writer');
  const parts = await openVisitWriter(context);
  const app = createVisitWriterApp(parts);
  const server = await serve(app, context.config);
  const consuming =
    context.config.trigger === 'own' ? consume(app, { ...context, ...parts, pressure: () => 0 }) : undefined;
  return {
    turnAway: parts.turnAway,
    stop: async (deadlineMs) => {
      await consuming?.close();
      await server.close(deadlineMs);
      await parts.close();
    },
  };
});
