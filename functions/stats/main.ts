import { createInternalApp } from '@terse/http/internal-app';
import { openListeners } from '@terse/http/listeners';
import { reportStart } from '@terse/http/report-start';
import { createContext } from '@terse/runtime/context';
import { openStats } from '@terse/runtime/functions/stats';
import { runUntilStopped } from '@terse/runtime/process/process';
import { createStatsApp } from './app.ts';
import { manifest } from './manifest.ts';

void runUntilStopped(async () => {
  const context = createContext(manifest);
  const listeners = await openListeners(context.config);
  const services = await openStats(context);
  listeners.callers.serve(createStatsApp(services));
  listeners.internal.serve(createInternalApp(services));
  reportStart(context, listeners, 'serves the API of stats');
  return {
    turnAway: services.turnAway,
    stop: async (deadlineMs) => {
      await listeners.callers.close(deadlineMs);
      await services.close();
      await listeners.internal.close(0);
    },
  };
});
