import { createInternalApp } from '@terse/http/internal-app';
import { openListeners } from '@terse/http/listeners';
import { reportStart } from '@terse/http/report-start';
import { createContext } from '@terse/runtime/context';
import { openLinks } from '@terse/runtime/functions/links';
import { runUntilStopped } from '@terse/runtime/process/process';
import { createLinksApp } from './app.ts';
import { manifest } from './manifest.ts';

void runUntilStopped(async () => {
  const context = createContext(manifest);
  const listeners = await openListeners(context.config);
  const services = await openLinks(context);
  listeners.callers.serve(createLinksApp(services));
  listeners.internal.serve(createInternalApp(services));
  reportStart(context, listeners, 'serves the API of links');
  return {
    turnAway: services.turnAway,
    stop: async (deadlineMs) => {
      await listeners.callers.close(deadlineMs);
      await services.close();
      await listeners.internal.close(0);
    },
  };
});
