import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Visit } from '@terse/core/visits/visit';
import { linesOf } from '@terse/core/visits/visit-lines';
import { openRabbitmq } from '@terse/queue/rabbitmq';
import { v7 as uuidv7 } from 'uuid';
import { alternate } from '../harness/alternate.ts';
import type { Deployment } from '../harness/deployment.ts';
import { USER_AGENTS } from '../../harness/fixtures/web.ts';
import { createRandom } from '../../harness/random.ts';
import { codeOf, createZipf, pick, URLS } from '../harness/samples.ts';
import { seedLinks } from '../harness/seed.ts';
import { cpuSeconds, measureUsage, memoryOf } from '../harness/usage.ts';
import { count, number, withSpread } from '../report.ts';
import { median, ratio, spread } from '../statistics.ts';
import type { Suite } from '../suite.ts';
import { measureHotRate } from './redirect-hot.ts';

const LINKS = 10_000;
const VISITS_PER_MESSAGE = 256;
const MESSAGES_IN_FLIGHT = 16;
const POLL_MS = 25;
const WITHIN_MS = 180_000;
const COUNTRIES = ['DE', 'FR', 'US', 'BR', 'IN', 'JP'];

/** Visits of just now, of which a few links have most. */
export function createVisits(howMany: number, links = LINKS): Visit[] {
  const random = createRandom(Date.now());
  const draw = createZipf(links, random);
  return Array.from({ length: howMany }, () => {
    const timestamp = Date.now();
    return {
      id: uuidv7({ msecs: timestamp }),
      short_code: codeOf(draw()),
      ip: '192.0.2.0',
      timestamp,
      user_agent: pick(USER_AGENTS, random),
      referrer: random() < 0.5 ? pick(URLS, random) : null,
      country: pick(COUNTRIES, random),
      is_bot: random() < 0.05,
    };
  });
}

/** Puts visits into the queue, then starts a writer: the visits that it stores a second, once it has begun. */
export async function measureWriting(
  deployment: Deployment,
  visits: readonly Visit[],
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
      throw new Error(`${now} of ${visits.length} visits were stored in time.`);
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

/**
 * @throws Error unless rollups and deltas together have each visit that is stored, and the months have what is
 * merged.
 */
async function checkRollups({ sql }: Deployment, stored: number): Promise<void> {
  const [row] = await sql<{ rolled_up: number; rolledUp: number; in_months: number }[]>`
    select
      (select coalesce(sum(visits + bot_visits), 0)::int from hourly_rollups) as rolled_up,
      (select coalesce(sum(visits + bot_visits), 0)::int from rollup_deltas
        cross join json_to_recordset(deltas) as delta (visits int, bot_visits int)) as rolledUp,
      (select coalesce(sum(visits::text::int), 0)::int from monthly_rollups
        cross join lateral (
          select json_array_elements(data->'visits') as visits union all select json_array_elements(data->'bot_visits')
        ) as days) as in_months`;
  const { rolled_up = 0, rolledUp = 0, in_months = 0 } = row ?? {};
  if (rolled_up + rolledUp !== stored || in_months !== rolled_up) {
    throw new Error(
      `Of ${stored} visits ${rolled_up} are rolled up, ${in_months} by day, and ${rolledUp} rolledUp.`,
    );
  }
}

/** Merges all deltas: the seconds and the CPU that it takes, of the function and of PostgreSQL. */
async function measureMerging(deployment: Deployment, visits: number) {
  const flusher = await deployment.start('counter-flush', 'beside', { TRIGGER: 'external' });
  const usages = [flusher.pid, deployment.stack.postgres.pid ?? 0].map((pid) => measureUsage(pid));
  const begin = performance.now();
  // One flush merges a bounded number.
  for (let left = Number.POSITIVE_INFINITY; left > 0;) {
    const response = await fetch(`${flusher.url}/.events`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify({ task: 'flush' }),
    });
    if (!response.ok) throw new Error(`The flush was answered with ${response.status}.`);
    const before = left;
    left = await countDeltas(deployment);
    if (left >= before) throw new Error(`${left} deltas were not merged.`);
  }
  const seconds = (performance.now() - begin) / 1000;
  const [own = 0, ofPostgres = 0] = usages.map((usage) => (usage() * 1e6) / visits);
  const { highestMb } = memoryOf(flusher.pid);
  await flusher.end('SIGTERM');
  return { seconds, own, ofPostgres, highestMb };
}

async function countDeltas({ sql }: Deployment): Promise<number> {
  const [row] = await sql<{ deltas: number }[]>`select count(*)::int as deltas from rollup_deltas`;
  return row?.deltas ?? 0;
}

async function publish({ stack }: Deployment, visits: readonly Visit[]): Promise<void> {
  const queue = openRabbitmq({ url: stack.rabbitmq.url, name: 'bench', onError: () => undefined });
  const visitsAtOnce = VISITS_PER_MESSAGE * MESSAGES_IN_FLIGHT;
  for (let start = 0; start < visits.length; start += visitsAtOnce) {
    const some = visits.slice(start, start + visitsAtOnce).map((visit) => JSON.stringify(visit));
    const messages = Array.from({ length: Math.ceil(some.length / VISITS_PER_MESSAGE) }, (_, index) =>
      linesOf(some.slice(index * VISITS_PER_MESSAGE, (index + 1) * VISITS_PER_MESSAGE)),
    );
    await Promise.all(messages.map((message) => queue.publish(message)));
  }
  await queue.close();
}

/** The same rows, without rollups, into a table with the same columns and key: the least that storing can cost. */
async function copy({ sql }: Deployment, visits: readonly Visit[]): Promise<{ perSecond: number }> {
  await sql`drop table if exists visits_bare`;
  await sql`create table visits_bare (like visits including all)`;
  const lines = visits.map(asCopyLine);
  const begin = performance.now();
  const target = await sql`
    copy visits_bare (id, short_code, ip, timestamp, user_agent, referrer, country, is_bot) from stdin`.writable();
  await pipeline(Readable.from(lines), target);
  const perSecond = (visits.length / (performance.now() - begin)) * 1000;
  const [row] = await sql<{ stored: number }[]>`select count(*)::int as stored from visits_bare`;
  if (row?.stored !== visits.length) {
    throw new Error(`COPY stored ${row?.stored} of ${visits.length} visits.`);
  }
  return { perSecond };
}

function asCopyLine(visit: Visit): string {
  const columns = [
    visit.id,
    visit.short_code,
    visit.ip,
    new Date(visit.timestamp).toISOString(),
    visit.user_agent,
    visit.referrer,
    visit.country,
    String(visit.is_bot),
  ];
  const text = columns.map((value) => value?.replaceAll(/[\\\t\n\r]/g, String.raw`\$&`) ?? String.raw`\N`);
  return `${text.join('\t')}\n`;
}

export const writer: Suite = {
  name: 'writer',
  run: async (bench) => {
    const hotPerSecond = bench.shared.hotPerSecond ?? (await measureHotRate(bench));
    const visitsPerRun = bench.full ? 1_000_000 : 100_000;
    const deployment = await bench.openDeployment();
    await seedLinks(deployment.sql, LINKS);
    let stored = 0;
    const measured = await alternate(
      bench.pairs,
      async () => {
        const outcome = await measureWriting(deployment, createVisits(visitsPerRun), stored);
        stored += visitsPerRun;
        const merging = await measureMerging(deployment, visitsPerRun);
        await checkRollups(deployment, stored);
        return { ...outcome, merging };
      },
      () => copy(deployment, createVisits(visitsPerRun)),
    );
    const subjects = measured.map(({ subject }) => subject);
    const rate = spread(subjects.map((each) => each.perSecond));
    const toCopy = ratio(
      measured.map(({ subject, reference }) => ({
        subject: subject.perSecond,
        reference: reference.perSecond,
      })),
    );
    const size = `${count(visitsPerRun)} visits of ${count(LINKS)} links`;
    return [
      {
        what: 'visits/s ÷ bare COPY',
        size,
        goal: '≥ 0.5',
        measured: withSpread(toCopy),
        met: toCopy.median >= 0.5,
      },
      {
        what: 'visits/s ÷ redirect-hot of one process',
        size,
        goal: '≥ 1',
        measured: number(rate.median / hotPerSecond),
        met: rate.median >= hotPerSecond,
      },
      { what: 'visits/s stored with rollups', size, measured: withSpread(rate) },
      {
        what: 'bare COPY rows/s',
        size,
        measured: withSpread(spread(measured.map(({ reference }) => reference.perSecond))),
      },
      {
        what: 'CPU of the writer, µs a visit',
        size,
        measured: number(median(subjects.map((each) => each.cpuPerVisit))),
      },
      {
        what: 'CPU of PostgreSQL meanwhile, µs a visit',
        size,
        measured: number(median(subjects.map((each) => each.ofPostgres))),
      },
      {
        what: 'highest memory of the writer, MB',
        size,
        measured: number(Math.max(...subjects.map((each) => each.highestMb))),
      },
      {
        what: 'merging the deltas, seconds',
        size,
        measured: withSpread(spread(subjects.map(({ merging }) => merging.seconds))),
      },
      {
        what: 'merging, CPU of the counter-flush; of PostgreSQL, µs a visit',
        size,
        measured: `${number(median(subjects.map(({ merging }) => merging.own)))}; ${number(median(subjects.map(({ merging }) => merging.ofPostgres)))}`,
      },
      {
        what: 'merging, highest memory of the counter-flush, MB',
        size,
        measured: number(Math.max(...subjects.map(({ merging }) => merging.highestMb))),
      },
    ];
  },
};
