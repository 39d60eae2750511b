import { serveInternal } from '@terse/http/internal-app';
import { serve } from '@terse/http/serve';
import { createContext, openGateway } from '@terse/runtime/dependencies';
import { runUntilStopped } from '@terse/runtime/process';
import { createGatewayApp } from './app.ts';
import { proxyTo } from './proxy.ts';

void runUntilStopped(async () => {
  const context = createContext('gateway');
  const { origins, ...parts } = openGateway(context);
  const app = createGatewayApp({
    ...parts,
    redirect: proxyTo(origins.redirect),
    links: proxyTo(origins.links),
    stats: proxyTo(origins.stats),
  });
  const server = await serve(app, context.config);
  const internal = await serveInternal(parts, context.config);
  return {
    turnAway: parts.turnAway,
    stop: async (deadlineMs) => {
      await server.close(deadlineMs);
      await internal.close(0);
    },
  };
});
