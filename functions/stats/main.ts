import { createInternalApp } from '@terse/http/internal-app';
import { openListeners } from '@terse/http/listeners';
import { reportStart } from '@terse/http/report-start';
import { createContext } from '@terse/runtime/context';
import { openStats } from '@terse/runtime/functions/stats';
import { runUntilStopped } from '@terse/runtime/process';
import { createStatsApp } from './app.ts';
import { manifest } from './manifest.ts';

void runUntilStopped(async () => {
  const context = createContext(manifest);
  const listeners = await openListeners(context.config);
  const parts = await openStats(context);
  listeners.callers.serve(createStatsApp(parts));
  listeners.internal.serve(createInternalApp(parts));
  reportStart(context, listeners, 'serves the API of stats');
  return {
    turnAway: parts.turnAway,
    stop: async (deadlineMs) => {
      await listeners.callers.close(deadlineMs);
      await parts.close();
      await listeners.internal.close(0);
    },
  };
});
