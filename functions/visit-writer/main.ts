import { createInternalApp } from '@terse/http/internal-app';
import { openInternalListener, openListeners } from '@terse/http/listeners';
import { reportStart } from '@terse/http/report-start';
import { createContext } from '@terse/runtime/context';
import { openVisitWriter } from '@terse/runtime/functions/visit-writer';
import { runUntilStopped } from '@terse/runtime/process/process';
import { createVisitWriterApp } from './app.ts';
import { consume } from './consume.ts';
import { manifest } from './manifest.ts';

void runUntilStopped(async () => {
  const context = createContext(manifest);
  const { config } = context;
  // With its own trigger, it serves only the internal addresses.
  const isTriggered = config.trigger === 'external';
  const listeners = isTriggered ? await openListeners(config) : await openInternalListener(config);
  const services = await openVisitWriter(context);
  listeners.callers?.serve(createVisitWriterApp(services));
  listeners.internal.serve(createInternalApp(services));
  const consuming = isTriggered ? undefined : consume({ ...context, ...services, pressure: () => 0 });
  reportStart(context, listeners, 'stores visits from the queue');
  return {
    turnAway: services.turnAway,
    stop: async (deadlineMs) => {
      await consuming?.close();
      await listeners.callers?.close(deadlineMs);
      await services.close();
      await listeners.internal.close(0);
    },
  };
});
