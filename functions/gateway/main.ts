import { createInternalApp } from '@terse/http/internal-app';
import { openListeners } from '@terse/http/listeners';
import { reportStart } from '@terse/http/report-start';
import { createContext } from '@terse/runtime/context';
import { openGateway } from '@terse/runtime/functions/gateway';
import { runUntilStopped } from '@terse/runtime/process/process';
import { createGatewayApp } from './app.ts';
import { proxyTo } from './proxy.ts';
import { manifest } from './manifest.ts';

void runUntilStopped(async () => {
  const context = createContext(manifest);
  const listeners = await openListeners(context.config);
  const { origins, ...services } = openGateway(context);
  const app = createGatewayApp({
    ...services,
    redirect: proxyTo(origins.redirect),
    links: proxyTo(origins.links),
    stats: proxyTo(origins.stats),
  });
  listeners.callers.serve(app);
  listeners.internal.serve(createInternalApp(services));
  reportStart(context, listeners, 'forwards requests to redirect, links and stats');
  return {
    turnAway: services.turnAway,
    stop: async (deadlineMs) => {
      await listeners.callers.close(deadlineMs);
      await listeners.internal.close(0);
    },
  };
});
