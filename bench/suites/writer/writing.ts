import { setTimeout as sleep } from 'node:timers/promises';
import { type CompleteVisit, encodeVisit } from '@terse/core/visits/visit';
import { linesOf } from '@terse/core/visits/visit-lines';
import { openRabbitmq } from '@terse/queue/rabbitmq';
import type { MeasuredDeployment } from '../../deployment.ts';
import { cpuSeconds, measureUsage, memoryOf } from '../../machine/usage.ts';
import { checkRollups } from './rollups.ts';

const VISITS_PER_MESSAGE = 256;
const MESSAGES_IN_FLIGHT = 16;
const POLL_MS = 25;
const WITHIN_MS = 180_000;

/** Puts visits into the queue, then starts a writer. @returns its rate after its first batch, memory and CPU. */
export async function measureWriting(
  deployment: MeasuredDeployment,
  visits: readonly CompleteVisit[],
  alreadyStored: number,
) {
  await publish(deployment, visits);
  const writer = await deployment.start('visit-writer', 'alone');
  const usageOfPostgres = measureUsage(deployment.stack.postgres.pid ?? 0);
  const stored = () => writer.metric('visits_stored_total');
  let first = { visits: 0, at: 0 };
  const deadline = performance.now() + WITHIN_MS;
  for (;;) {
    const now = await stored();
    if (now > 0 && first.at === 0) first = { visits: now, at: performance.now() };
    if (now >= visits.length) break;
    if (performance.now() > deadline) {
      throw new Error(`Only ${now} of ${visits.length} visits were stored in time.`);
    }
    await sleep(POLL_MS);
  }
  const perSecond = ((visits.length - first.visits) / (performance.now() - first.at)) * 1000;
  const { highestMb } = memoryOf(writer.pid);
  const cpuPerVisit = (cpuSeconds(writer.pid) * 1e6) / visits.length;
  const ofPostgres = (usageOfPostgres() * 1e6) / visits.length;
  await deployment.untilStored(alreadyStored + visits.length);
  await writer.end('SIGTERM');
  await checkRollups(deployment, alreadyStored + visits.length);
  return { perSecond, highestMb, cpuPerVisit, ofPostgres };
}

async function publish({ stack }: MeasuredDeployment, visits: readonly CompleteVisit[]): Promise<void> {
  const queue = openRabbitmq({ url: stack.rabbitmq.url, name: 'bench', onError: () => undefined });
  const visitsAtOnce = VISITS_PER_MESSAGE * MESSAGES_IN_FLIGHT;
  for (let start = 0; start < visits.length; start += visitsAtOnce) {
    const records = visits
      .slice(start, start + visitsAtOnce)
      .map((visit) => encodeVisit(visit, JSON.stringify(visit.user_agent)));
    const messages = Array.from({ length: Math.ceil(records.length / VISITS_PER_MESSAGE) }, (_, index) =>
      linesOf(records.slice(index * VISITS_PER_MESSAGE, (index + 1) * VISITS_PER_MESSAGE)),
    );
    await Promise.all(messages.map((message) => queue.publish(message)));
  }
  await queue.close();
}
