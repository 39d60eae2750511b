import { serveInternal } from '@terse/http/internal-app';
import { serve } from '@terse/http/serve';
import { createContext, openVisitWriter } from '@terse/runtime/dependencies';
import { runUntilStopped } from '@terse/runtime/process';
import { createVisitWriterApp } from './app.ts';
import { consume } from './consume.ts';

void runUntilStopped(async () => {
  const context = createContext('visit-writer');
  const parts = await openVisitWriter(context);
  const app = createVisitWriterApp(parts);
  const { config } = context;
  // With its own trigger it serves nothing but the internal addresses.
  const server = config.trigger === 'external' ? await serve(app, config) : undefined;
  const internal = await serveInternal(parts, config);
  const consuming =
    config.trigger === 'own' ? consume(app, { ...context, ...parts, pressure: () => 0 }) : undefined;
  return {
    turnAway: parts.turnAway,
    stop: async (deadlineMs) => {
      await consuming?.close();
      await server?.close(deadlineMs);
      await parts.close();
      await internal.close(0);
    },
  };
});
