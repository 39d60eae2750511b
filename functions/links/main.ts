import { serveInternal } from '@terse/http/internal-app';
import { serve } from '@terse/http/serve';
import { createContext, openLinks } from '@terse/runtime/dependencies';
import { runUntilStopped } from '@terse/runtime/process';
import { createLinksApp } from './app.ts';

void runUntilStopped(async () => {
  const context = createContext('links');
  const parts = await openLinks(context);
  const server = await serve(createLinksApp(parts), context.config);
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
