import { alternate } from '../harness/alternate.ts';
import { expectArrivals } from '../harness/arrivals.ts';
import type { House } from '../harness/house.ts';
import { load, warmUp } from '../harness/load.ts';
import { visitsTo } from '../harness/samples.ts';
import { fillCache, seedLinks } from '../harness/seed.ts';
import { measureUsage } from '../harness/usage.ts';
import { count, number, withSpread } from '../report.ts';
import { ratio, spread } from '../statistics.ts';
import type { Bench, Finding, Suite } from '../suite.ts';
import { CONNECTIONS, pairOf } from './redirect-hot.ts';

const LINKS = 100_000;
type Transport = 'TCP' | 'REST';

/**
 * A redirect with links in Redis, and visitors who follow link after link: none is in the redirect's memory any more when
 * its turn comes again.
 */
export async function openWarm(
  house: House,
  links: number,
  { cores }: Pick<Bench, 'cores'>,
  transport: Transport = 'TCP',
) {
  await fillCache(house, links);
  const { upstash } = house.stack;
  const rest = { REDIS_URL: upstash.url, UPSTASH_REDIS_REST_TOKEN: upstash.token };
  const redirect = await house.start('redirect', 'alone', transport === 'REST' ? rest : {});
  const arrivals = expectArrivals(house, redirect, await house.stored());
  const requests = visitsTo(Array.from({ length: links }, (_, link) => link));
  const options = { url: redirect.url, requests, connections: CONNECTIONS, cores };
  arrivals.add(await warmUp(options));
  await arrivals.settle();
  return {
    redirect,
    requests,
    visit: async (seconds: number) => {
      const usage = measureUsage(redirect.pid);
      const done = await load({ ...options, seconds });
      const cpuMicroseconds = (usage() * 1e6) / done.completed;
      arrivals.add(done);
      await arrivals.settle();
      return { ...done, cpuMicroseconds };
    },
  };
}

async function measure(bench: Bench, transport: Transport): Promise<Finding[]> {
  const { cores, pairs, secondsPerRun } = bench;
  const house = await bench.openHouse();
  await seedLinks(house.sql, LINKS);
  const bare = await house.startBareHono();
  const { redirect, requests, visit } = await openWarm(house, LINKS, bench, transport);
  const measured = await alternate(
    pairs,
    () => visit(secondsPerRun),
    () => load({ url: bare.url, requests, connections: CONNECTIONS, seconds: secondsPerRun, cores }),
  );
  const rates = ratio(measured.map(pairOf('perSecond')));
  const fromCache = await redirect.metric('resolutions_total', 'cache');
  const all = await redirect.metric('resolutions_total');
  await house.close();
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
