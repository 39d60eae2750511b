import { alternate, pairOf } from '../alternate.ts';
import { type SampleRequest, visitsTo } from '../data/samples.ts';
import { seedLinks } from '../data/seed.ts';
import type { MeasuredDeployment } from '../deployment.ts';
import { expectArrivals } from '../load/arrivals.ts';
import { load } from '../load/load.ts';
import { count, number, withSpread } from '../report.ts';
import { ratio, spread } from '../statistics.ts';
import type { Bench, Suite } from '../suite.ts';

const CONNECTIONS = 64;
const VISITORS_PER_LINK = 4;
const LINKS_PER_RUN = 30_000;

/** Requests for links that lie apart in the index, each by several visitors at once. */
function missingRequests(links: number, run: number): SampleRequest[] {
  const first = (run * LINKS_PER_RUN) % links;
  const wanted = Array.from(
    { length: Math.min(LINKS_PER_RUN, links) },
    (_, index) => (first + index) % links,
  );
  return visitsTo(wanted.flatMap((link) => Array.from({ length: VISITORS_PER_LINK }, () => link)));
}

/** Measures redirects of links that only the database has: their rate, and the queries for links. */
export function createMissing(
  deployment: MeasuredDeployment,
  links: number,
  { cores }: Pick<Bench, 'cores'>,
) {
  let run = 0;
  return async (seconds: number) => {
    await deployment.redis('FLUSHALL');
    const readsBefore = await deployment.indexReads('links_pkey');
    const redirect = await deployment.start('redirect', 'alone');
    const arrivals = expectArrivals(deployment, redirect, await deployment.stored());
    const done = await load({
      url: redirect.url,
      requests: missingRequests(links, run++),
      connections: CONNECTIONS,
      seconds,
      cores,
    });
    arrivals.add(done);
    let queries = 0;
    await arrivals.verify(async () => {
      await redirect.end('SIGTERM');
      // Before the writer starts, which reads links, too.
      queries = (await deployment.indexReads('links_pkey')) - readsBefore;
    });
    return { ...done, queries, codes: Math.ceil(done.completed / VISITORS_PER_LINK) };
  };
}

export const redirectMiss: Suite = {
  name: 'redirect-miss',
  run: async ({ openDeployment, cores, pairs, secondsPerRun, full }) => {
    const links = full ? 1_000_000 : 200_000;
    const deployment = await openDeployment();
    await seedLinks(deployment.sql, links);
    const bare = await deployment.startBareHono();
    const miss = createMissing(deployment, links, { cores });
    const measured = await alternate(
      pairs,
      () => miss(secondsPerRun),
      (pair) =>
        load({
          url: bare.url,
          requests: missingRequests(links, pair),
          connections: CONNECTIONS,
          seconds: secondsPerRun,
          cores,
        }),
    );
    const subjects = measured.map(({ subject }) => subject);
    const perCode = spread(subjects.map(({ queries, codes }) => queries / codes));
    const size = `${count(links)} links, ${CONNECTIONS} connections, ${VISITORS_PER_LINK} visitors a link`;
    return [
      {
        what: 'queries per link',
        size,
        goal: '1',
        measured: withSpread(perCode),
        // Requests that were pending when time was up have caused a query, but are not completed.
        met: subjects.every(({ queries, codes }) => queries <= codes + CONNECTIONS),
      },
      {
        what: 'redirects/s ÷ bare Hono',
        size,
        measured: withSpread(ratio(measured.map(pairOf('perSecond')))),
      },
      { what: 'redirects/s', size, measured: withSpread(spread(subjects.map((each) => each.perSecond))) },
      {
        what: 'p50 / p99 ms',
        size,
        measured: `${number(spread(subjects.map((each) => each.p50Ms)).median)} / ${number(spread(subjects.map((each) => each.p99Ms)).median)}`,
      },
    ];
  },
};
