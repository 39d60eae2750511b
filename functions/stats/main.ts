import { serveInternal } from '@terse/http/internal-app';
import { serve } from '@terse/http/serve';
import { createContext, openStats } from '@terse/runtime/dependencies';
import { runUntilStopped } from '@terse/runtime/process';
import { createStatsApp } from './app.ts';

void runUntilStopped(async () => {
  const context = createContext('stats');
  const parts = await openStats(context);
  const server = await serve(createStatsApp(parts), context.config);
  const internal = await serveInternal(parts, context.config);
  return {
    turnAway: parts.turnAway,
    stop: async (deadlineMs) => {
      await server.close(deadlineMs);
      await parts.close();
      await internal.close(0);
    },
  };
});
