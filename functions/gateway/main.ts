import { createInternalApp } from '@terse/http/internal-app';
import { openListeners } from '@terse/http/listeners';
import { reportStart } from '@terse/http/report-start';
import { createContext } from '@terse/runtime/context';
import { openGateway } from '@terse/runtime/functions/gateway';
import { runUntilStopped } from '@terse/runtime/process/process';
import { createGatewayApp, originOfEach } from './app.ts';
import { proxyTo } from './proxy.ts';
import { manifest } from './manifest.ts';

const LIST = new Intl.ListFormat('en-GB');

void runUntilStopped(async () => {
  const context = createContext(manifest);
  const listeners = await openListeners(context.config);
  const services = openGateway(context);
  const origins = originOfEach((name) => proxyTo(services.originOf(name)));
  const app = createGatewayApp({ ...services, ...origins });
  listeners.callers.serve(app);
  listeners.internal.serve(createInternalApp(services));
  reportStart(
    context,
    listeners,
    `forwards requests to ${LIST.format(manifest.forwardsTo.map(({ name }) => name))}`,
  );
  return {
    turnAway: services.turnAway,
    stop: async (deadlineMs) => {
      await listeners.callers.close(deadlineMs);
      await listeners.internal.close(0);
    },
  };
});
