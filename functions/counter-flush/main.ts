import { createInternalApp } from '@terse/http/internal-app';
import { openInternalListener, openListeners } from '@terse/http/listeners';
import { reportStart } from '@terse/http/report-start';
import { createContext } from '@terse/runtime/context';
import { openCounterFlush } from '@terse/runtime/functions/counter-flush';
import { runUntilStopped } from '@terse/runtime/process/process';
import { createCounterFlushApp } from './app.ts';
import { startSchedule } from './schedule.ts';
import { manifest } from './manifest.ts';

void runUntilStopped(async () => {
  const context = createContext(manifest);
  const { config, log } = context;
  // With its own schedule, it serves only the internal addresses.
  const isTriggered = config.trigger === 'external';
  const listeners = isTriggered ? await openListeners(config) : await openInternalListener(config);
  const services = await openCounterFlush(context);
  const app = createCounterFlushApp(services);
  listeners.callers?.serve(app);
  listeners.internal.serve(createInternalApp(services));
  const ticking = isTriggered ? undefined : startSchedule(app, config, log);
  reportStart(context, listeners, 'adds counts to the links and merges rollup deltas');
  return {
    turnAway: services.turnAway,
    stop: async (deadlineMs) => {
      // A flush may be killed anywhere, so a database that does not answer must not delay the stop.
      await Promise.race([ticking?.stop(), context.clock.sleep(deadlineMs / 2)]);
      await listeners.callers?.close(deadlineMs);
      await services.close();
      await listeners.internal.close(0);
    },
  };
});
