import { createInternalApp } from '@terse/http/internal-app';
import { openListeners } from '@terse/http/listeners';
import { reportStart } from '@terse/http/report-start';
import { createContext } from '@terse/runtime/context';
import { openLinks } from '@terse/runtime/functions/links';
import { runUntilStopped } from '@terse/runtime/process';
import { createLinksApp } from './app.ts';
import { manifest } from './manifest.ts';

void runUntilStopped(async () => {
  const context = createContext(manifest);
  const listeners = await openListeners(context.config);
  const parts = await openLinks(context);
  listeners.callers.serve(createLinksApp(parts));
  listeners.internal.serve(createInternalApp(parts));
  reportStart(context, listeners, 'serves the API of links');
  return {
    turnAway: parts.turnAway,
    stop: async (deadlineMs) => {
      await listeners.callers.close(deadlineMs);
      await parts.close();
      await listeners.internal.close(0);
    },
  };
});
