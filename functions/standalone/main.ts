import { createCounterFlushApp } from '@terse/counter-flush/app';
import { startSchedule, tick } from '@terse/counter-flush/schedule';
import { createGatewayApp } from '@terse/gateway/app';
import { createClientIp } from '@terse/http/client-ip';
import { createCountry } from '@terse/http/country';
import { createInternalApp } from '@terse/http/internal-app';
import { openListeners } from '@terse/http/listeners';
import { createLinksApp } from '@terse/links/app';
import { createRedirectApp } from '@terse/redirect/app';
import { createContext } from '@terse/runtime/context';
import { openStandalone } from '@terse/runtime/functions/standalone';
import { runUntilStopped } from '@terse/runtime/process/process';
import { productionNotes } from '@terse/runtime/production-notes';
import { standardOutput } from '@terse/runtime/process/standard-streams';
import { createStatsApp } from '@terse/stats/app';
import { consume } from '@terse/visit-writer/consume';
import { banner } from './banner.ts';
import { keyAtStart } from './key-at-start.ts';
import { createFront } from './front.ts';
import { manifest } from './manifest.ts';

const RESTORE_WAIT_MS = 3000;
/** With the closing of the database, they end within the ten seconds that `docker stop` waits. */
const STEPS_OF_A_STOP = 5;

/** All functions that serve, in one process, on embedded backing services unless the settings say otherwise. */
void runUntilStopped(async () => {
  const context = createContext(manifest);
  const { config, log } = context;
  const listeners = await openListeners(config);
  const services = await openStandalone(context);

  const clientIp = createClientIp(config);
  const country = createCountry(config.countryHeader);
  const counterFlush = createCounterFlushApp(services);
  const redirect = createRedirectApp({ ...services, clientIp, country });
  const gateway = createGatewayApp({
    ...services,
    redirect,
    links: createLinksApp(services),
    stats: createStatsApp(services),
  });

  const consuming = consume({ ...context, ...services, pressure: context.eventLoopPressure });
  const databaseFault = await services.databaseFault();
  if (databaseFault === undefined) {
    // Counts are reconciled once restored visits are stored; a later tick does the rest.
    await Promise.race([services.recorder.restored(), context.clock.sleep(RESTORE_WAIT_MS)]);
    await tick(counterFlush, { task: 'maintain', grace_ms: 0 }).catch((error: unknown) => {
      log.error({ err: error }, 'the first maintenance failed; the next tick tries it again');
    });
  }
  const ticking = startSchedule(counterFlush, config, log);
  listeners.callers.serve(createFront({ gateway, redirect }));
  listeners.internal.serve(createInternalApp(services));
  standardOutput.write(
    banner({
      address: config.baseUrl.origin,
      listensAt: listeners.callers.origin,
      internalAddress: listeners.internal.origin,
      dataDirectory: config.database.kind === 'embedded' ? config.dataDirectory : 'PostgreSQL',
      notes: productionNotes(config),
      databaseFault,
      apiKey: await keyAtStart(services.apiKeys, databaseFault === undefined),
    }),
  );

  return {
    turnAway: services.turnAway,
    stop: async (deadlineMs) => {
      const share = deadlineMs / STEPS_OF_A_STOP;
      await listeners.callers.close(share);
      await services.recorder.close(share);
      // Both may be cut off anywhere, and a database that hangs must not delay the stop.
      await Promise.race([consuming.close(), context.clock.sleep(share)]);
      await Promise.race([ticking.stop(), context.clock.sleep(share)]);
      await services.close();
      await listeners.internal.close(0);
    },
  };
});
