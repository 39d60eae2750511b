import { resolve } from 'node:path';
import { createCounterFlushApp, type Tick } from '@terse/counter-flush/app';
import { createClientIp } from '@terse/http/client-ip';
import { createCountry } from '@terse/http/country';
import { serve } from '@terse/http/serve';
import { createLinksApp } from '@terse/links/app';
import { batch } from '@terse/queue/batch';
import { createRedirectApp } from '@terse/redirect/app';
import { readConfig } from '@terse/runtime/config';
import { openDependencies } from '@terse/runtime/dependencies';
import { createLog } from '@terse/runtime/log';
import { runUntilStopped } from '@terse/runtime/process';
import { createTelemetry } from '@terse/runtime/telemetry';
import { createStatsApp } from '@terse/stats/app';
import { createVisitWriterApp, type VisitBatch } from '@terse/visit-writer/app';
import { createStandaloneApp } from './app.ts';
import { banner } from './banner.ts';
import { postEvent, schedule } from './triggers.ts';

const HOUR_MS = 3_600_000;

/** About 400 visits: more at once would keep the embedded database, and with it every redirect, busy for too long. */
const BATCH_LENGTH = 100_000;

/** All five functions in one process, on embedded parts. */
await runUntilStopped(async () => {
  const config = readConfig();
  const log = createLog(config.logLevel);
  const telemetry = createTelemetry();
  const address = config.baseUrl ?? new URL(`http://${config.host}:${config.port}`);
  const parts = await openDependencies({ config, baseUrl: address, log, telemetry });
  const { readinessGate, recorder } = parts;
  const shared = { ...parts, ...telemetry, log, readiness: readinessGate.readiness };

  const visitWriter = createVisitWriterApp(shared);
  const counterFlush = createCounterFlushApp(shared);
  const app = createStandaloneApp({
    redirect: createRedirectApp({
      ...shared,
      clientIp: createClientIp(config),
      country: createCountry(config.countryHeader),
    }),
    links: createLinksApp({ ...shared, baseUrl: address }),
    stats: createStatsApp(shared),
  });

  const tick = (event: Tick) => postEvent(counterFlush, event);
  await tick({ task: 'maintain', settle_ms: 0 });
  const writing = batch(
    parts.subscriber,
    { maxMessages: 200, maxLength: BATCH_LENGTH, maxWaitMs: config.visitBatchWaitMs },
    (messages) => postEvent(visitWriter, { messages: [...messages] } satisfies VisitBatch),
  );
  const report = (error: unknown) => log.error({ err: error }, 'a scheduled task failed');
  const schedules = [
    schedule(config.counterFlushSeconds * 1000, () => tick({ task: 'flush' }), report),
    schedule(HOUR_MS, () => tick({ task: 'maintain' }), report),
  ];
  const server = await serve(app, config);
  process.stdout.write(
    banner({
      address: address.origin,
      dataDirectory: resolve(config.dataDirectory),
      newApiKey: await parts.apiKeys.makeFirst(),
    }),
  );

  return async () => {
    readinessGate.stop();
    await server.close((config.shutdownSeconds * 1000) / 2);
    await recorder.close((config.shutdownSeconds * 1000) / 2);
    await writing.close();
    await Promise.all(schedules.map((each) => each.stop()));
    await tick({ task: 'flush' });
    await parts.close();
  };
});
