import { serveInternal } from '@terse/http/internal-app';
import { serve } from '@terse/http/serve';
import { createContext, openCounterFlush } from '@terse/runtime/dependencies';
import { runUntilStopped } from '@terse/runtime/process';
import { createCounterFlushApp } from './app.ts';
import { startSchedule } from './schedule.ts';

void runUntilStopped(async () => {
  const context = createContext('counter-flush');
  const parts = await openCounterFlush(context);
  const app = createCounterFlushApp(parts);
  const { config, log } = context;
  // With its own trigger it serves nothing but the internal addresses.
  const server = config.trigger === 'external' ? await serve(app, config) : undefined;
  const internal = await serveInternal(parts, config);
  const ticking = config.trigger === 'own' ? startSchedule(app, config, log) : undefined;
  return {
    turnAway: parts.turnAway,
    stop: async (deadlineMs) => {
      // A flush may be killed anywhere, so a database that does not answer must not delay the stop.
      await Promise.race([ticking?.stop(), context.clock.sleep(deadlineMs / 2)]);
      await server?.close(deadlineMs);
      await parts.close();
      await internal.close(0);
    },
  };
});
