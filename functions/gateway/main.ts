import { createInternalApp } from '@terse/http/internal-app';
import { openListeners } from '@terse/http/listeners';
import { reportStart } from '@terse/http/report-start';
import { createContext } from '@terse/runtime/context';
import { openGateway } from '@terse/runtime/functions/gateway';
import { runUntilStopped } from '@terse/runtime/process/process';
import { createGatewayApp, type Origins } from './app.ts';
import { proxyTo } from './proxy.ts';
import { manifest } from './manifest.ts';

const LIST = new Intl.ListFormat('en-GB');

void runUntilStopped(async () => {
  const context = createContext(manifest);
  const listeners = await openListeners(context.config);
  const { origins, ...services } = openGateway(context);
  const proxies = Object.entries(origins).map(([name, url]) => [name, proxyTo(url)] as const);
  // The settings are refused unless each function that is forwarded to has an address.
  const app = createGatewayApp({ ...services, ...(Object.fromEntries(proxies) as Origins) });
  listeners.callers.serve(app);
  listeners.internal.serve(createInternalApp(services));
  reportStart(context, listeners, `forwards requests to ${LIST.format(Object.keys(origins))}`);
  return {
    turnAway: services.turnAway,
    stop: async (deadlineMs) => {
      await listeners.callers.close(deadlineMs);
      await listeners.internal.close(0);
    },
  };
});
