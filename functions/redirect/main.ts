import { createClientIp } from '@terse/http/client-ip';
import { createCountry } from '@terse/http/country';
import { serveInternal } from '@terse/http/internal-app';
import { serve } from '@terse/http/serve';
import { createContext, openRedirect } from '@terse/runtime/dependencies';
import { runUntilStopped } from '@terse/runtime/process';
import { createRedirectApp } from './app.ts';

void runUntilStopped(async () => {
  const context = createContext('redirect');
  const { config } = context;
  const parts = await openRedirect(context);
  const clientIp = createClientIp(config);
  const country = createCountry(config.countryHeader);
  const app = createRedirectApp({ ...parts, clientIp, country });
  const server = await serve(app, { ...config, beforeResponses: parts.recorder.commit });
  const internal = await serveInternal(parts, config);
  return {
    turnAway: parts.turnAway,
    stop: async (deadlineMs) => {
      await server.close(deadlineMs / 2);
      await parts.recorder.close(deadlineMs / 2);
      await parts.close();
      await internal.close(0);
    },
  };
});
