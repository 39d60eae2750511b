import { createCounterFlushApp } from '@terse/counter-flush/app';
import { startSchedule, tick } from '@terse/counter-flush/schedule';
import { createGatewayApp } from '@terse/gateway/app';
import { createClientIp } from '@terse/http/client-ip';
import { createCountry } from '@terse/http/country';
import { createInternalApp } from '@terse/http/internal-app';
import { openListeners } from '@terse/http/listeners';
import { createLinksApp } from '@terse/links/app';
import { createRedirectApp } from '@terse/redirect/app';
import { createContext, openStandalone } from '@terse/runtime/dependencies';
import { runUntilStopped } from '@terse/runtime/process';
import { productionNotes } from '@terse/runtime/production-notes';
import { standardOutput } from '@terse/runtime/standard-streams';
import { createStatsApp } from '@terse/stats/app';
import { createVisitWriterApp } from '@terse/visit-writer/app';
import { consume } from '@terse/visit-writer/consume';
import { banner } from './banner.ts';
import { keyAtStart } from './key-at-start.ts';
import { createFront } from './front.ts';

const RESTORE_WAIT_MS = 3000;
/** Together with the closing of the database, they end within the ten seconds that `docker stop` waits. */
const STEPS_OF_A_STOP = 5;

/** All five functions in one process, on embedded parts unless the settings say otherwise. */
void runUntilStopped(async () => {
  const context = createContext('standalone');
  const { config, log } = context;
  const listeners = await openListeners(config);
  const parts = await openStandalone(context);

  const clientIp = createClientIp(config);
  const country = createCountry(config.countryHeader);
  const visitWriter = createVisitWriterApp(parts);
  const counterFlush = createCounterFlushApp(parts);
  const redirect = createRedirectApp({ ...parts, clientIp, country });
  const gateway = createGatewayApp({
    ...parts,
    redirect,
    links: createLinksApp(parts),
    stats: createStatsApp(parts),
  });

  const consuming = consume(visitWriter, { ...context, ...parts, pressure: context.eventLoopPressure });
  const databaseFault = await parts.databaseFault();
  if (databaseFault === undefined) {
    // Counts are reconciled once restored visits are stored; a later tick does the rest.
    await Promise.race([parts.recorder.restored(), context.clock.sleep(RESTORE_WAIT_MS)]);
    await tick(counterFlush, { task: 'maintain', settle_ms: 0 }).catch((error: unknown) => {
      log.error({ err: error }, 'the first maintenance failed, and comes again');
    });
  }
  const ticking = startSchedule(counterFlush, config, log);
  listeners.callers.serve(createFront({ gateway, redirect }), { beforeResponses: parts.recorder.commit });
  listeners.internal.serve(createInternalApp(parts));
  standardOutput.write(
    banner({
      address: config.baseUrl.origin,
      listensAt: listeners.callers.origin,
      internalAddress: listeners.internal.origin,
      dataDirectory: config.database.kind === 'embedded' ? config.dataDirectory : 'PostgreSQL',
      notes: productionNotes(config),
      databaseFault,
      apiKey: await keyAtStart(parts.apiKeys, databaseFault === undefined),
    }),
  );

  return {
    turnAway: parts.turnAway,
    stop: async (deadlineMs) => {
      const share = deadlineMs / STEPS_OF_A_STOP;
      await listeners.callers.close(share);
      await parts.recorder.close(share);
      // Both may be cut off anywhere, and a database that hangs must not delay the stop.
      await Promise.race([consuming.close(), context.clock.sleep(share)]);
      await Promise.race([ticking.stop(), context.clock.sleep(share)]);
      await parts.close();
      await listeners.internal.close(0);
    },
  };
});
