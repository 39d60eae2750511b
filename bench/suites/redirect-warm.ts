import { alternate, pairOf } from '../alternate.ts';
import { visitsTo } from '../data/samples.ts';
import { fillCache, seedLinks } from '../data/seed.ts';
import type { MeasuredDeployment } from '../deployment.ts';
import { CONNECTIONS } from '../load/load.ts';
import { prepareBareVisits, prepareVisits } from '../load/visited.ts';
import { count, number, withSpread } from '../report.ts';
import { ratio, spread } from '../statistics.ts';
import type { Bench, Finding, Suite } from '../suite.ts';

const LINKS = 100_000;
type Transport = 'TCP' | 'REST';

/** With fewer links, one is still in the redirect's memory when its turn comes again. */
export const LEAST_FOLLOWED = 50_000;

/**
 * Starts a redirect with links in Redis, and visitors who follow so many of them in turn that each link has left the
 * redirect's memory when its turn comes again.
 */
export async function openWarm(
  deployment: MeasuredDeployment,
  links: number,
  bench: Pick<Bench, 'cores'>,
  { transport = 'TCP', followed = links }: { transport?: Transport; followed?: number } = {},
) {
  await fillCache(deployment, links);
  const { upstash } = deployment.stack;
  const rest = { REDIS_URL: upstash.url, UPSTASH_REDIS_REST_TOKEN: upstash.token };
  const redirect = await deployment.start('redirect', 'alone', transport === 'REST' ? rest : {});
  const requests = visitsTo(
    Array.from({ length: followed }, (_, turn) => Math.floor((turn * links) / followed)),
  );
  return { redirect, requests, visit: await prepareVisits(deployment, redirect, requests, bench) };
}

async function measure(bench: Bench, transport: Transport): Promise<Finding[]> {
  const { pairs, secondsPerRun } = bench;
  const deployment = await bench.openDeployment();
  await seedLinks(deployment.sql, LINKS);
  const bare = await deployment.startBareHono();
  const { redirect, requests, visit } = await openWarm(deployment, LINKS, bench, { transport });
  const visitBare = await prepareBareVisits(bare, requests, bench);
  const measured = await alternate(
    pairs,
    () => visit(secondsPerRun),
    () => visitBare(secondsPerRun),
  );
  const rates = ratio(measured.map(pairOf('perSecond')));
  const fromCache = await redirect.metric('resolutions_total', 'cache');
  const all = await redirect.metric('resolutions_total');
  await deployment.close();
  const size = `${count(LINKS)} links, ${CONNECTIONS} connections`;
  return [
    {
      what: `redirects/s ÷ bare Hono, Redis over ${transport}`,
      size,
      measured: withSpread(rates),
      ...(transport === 'TCP' && { goal: '≥ 0.40', met: rates.median >= 0.4 }),
    },
    {
      what: `redirects/s, Redis over ${transport}`,
      size,
      measured: withSpread(spread(measured.map(({ subject }) => subject.perSecond))),
    },
    {
      what: `answered from Redis over ${transport}`,
      size,
      measured: `${number((fromCache / all) * 100)} %`,
    },
  ];
}

export const redirectWarm: Suite = {
  name: 'redirect-warm',
  run: async (bench) => [...(await measure(bench, 'TCP')), ...(await measure(bench, 'REST'))],
};
