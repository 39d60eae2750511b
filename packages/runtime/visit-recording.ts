import type { VisitsLeft } from '@terse/core/visits/stop-recording';
import { createVisitRecorder, type VisitRecorder } from '@terse/core/visits/visit-recorder';
import type { Context } from './context.ts';
import { createGuard } from './services/guard.ts';
import type { Logger } from './telemetry/log.ts';
import type { Queue, Store } from './services/open-services.ts';
import type { Journal } from '@terse/core/visits/ports';

/** How long a publish may take before it is tried again, or before the message goes to the overflow queue. */
const PUBLISH_TIMEOUT_MS = { journal: 4000, overflow: 1000 };

/** A recorder on these backing services. At close it logs the visits that neither queue took. */
export function recorderOn(
  context: Context,
  store: Store,
  queue: Queue,
  journal: Journal | undefined,
): VisitRecorder {
  const recorder = openRecorder(context, store, queue, journal);
  return {
    ...recorder,
    close: async (deadlineMs) => {
      const left = await recorder.close(deadlineMs);
      report(context.log, left, context.config.journal?.directory);
      return left;
    },
  };
}

function openRecorder(
  context: Context,
  { counter, overflow }: Store,
  queue: Queue,
  journal: Journal | undefined,
): VisitRecorder {
  const { clock, metrics, config } = context;
  const { confirmWithinMs, visitsInMemory: maxBuffered } = config;
  const services = { counter, journal, clock, metrics, confirmWithinMs, maxBuffered };
  // The embedded queue is never down, and answers only when a visit is stored.
  if (config.queue.kind === 'memory') return createVisitRecorder({ ...services, publisher: queue });
  const askQueue = createGuard({ maxConcurrent: 100, maxWaiting: 0 });
  const bounded = queue.publisherWithin(publishTimeoutMs());
  const publisher = { publish: (body: string | Buffer) => askQueue(() => bounded.publish(body)) };
  return createVisitRecorder({ ...services, publisher, overflow });

  function publishTimeoutMs(): number {
    if (journal) return PUBLISH_TIMEOUT_MS.journal;
    // Leaves half of the time for the overflow queue while the response waits.
    return confirmWithinMs > 0 ? confirmWithinMs / 2 : PUBLISH_TIMEOUT_MS.overflow;
  }
}

/** Logs what is left, because nobody scrapes a process that has ended. */
function report(
  log: Logger,
  { dropped, onDisk, unreadBytes }: VisitsLeft,
  directory: string | undefined,
): void {
  if (dropped > 0) {
    log.error({ visits: dropped }, 'visits were dropped: nothing took them before the process stopped');
  }
  if (onDisk === 0 && unreadBytes === 0) return;
  log.warn(
    { visits: onDisk, unreadBytes, directory },
    'visits are left on this disk: a process that starts on the same folder publishes them',
  );
}
