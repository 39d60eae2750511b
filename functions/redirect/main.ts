import { createClientIp } from '@terse/http/client-ip';
import { createCountry } from '@terse/http/country';
import { createInternalApp } from '@terse/http/internal-app';
import { openListeners } from '@terse/http/listeners';
import { reportStart } from '@terse/http/report-start';
import { createContext } from '@terse/runtime/context';
import { openRedirect } from '@terse/runtime/functions/redirect';
import { runUntilStopped } from '@terse/runtime/process/process';
import { createRedirectApp } from './app.ts';
import { manifest } from './manifest.ts';

void runUntilStopped(async () => {
  const context = createContext(manifest);
  const { config } = context;
  const listeners = await openListeners(config);
  const services = await openRedirect(context);
  const clientIp = createClientIp(config);
  const country = createCountry(config.countryHeader);
  const app = createRedirectApp({ ...services, clientIp, country });
  listeners.callers.serve(app);
  listeners.internal.serve(createInternalApp(services));
  reportStart(context, listeners, `redirects visitors; journal: ${config.journal?.directory ?? 'none'}`);
  return {
    turnAway: services.turnAway,
    stop: async (deadlineMs) => {
      await listeners.callers.close(deadlineMs / 2);
      await services.recorder.close(deadlineMs / 2);
      await services.close();
      await listeners.internal.close(0);
    },
  };
});
