import { codeOf } from '../data/samples.ts';
import { seedLinks, seedVisits } from '../data/seed.ts';
import { createVisits } from '../data/visits.ts';
import type { MeasuredDeployment } from '../deployment.ts';
import { count, number } from '../report.ts';
import { exponent, median } from '../statistics.ts';
import type { Bench, Suite } from '../suite.ts';
import { measureCreating } from './create.ts';
import { measureFlush } from './flush.ts';
import { measurePage } from './list.ts';
import { openHot } from './redirect-hot.ts';
import { createMissing } from './redirect-miss.ts';
import { LEAST_FOLLOWED, openWarm } from './redirect-warm.ts';
import { repeated, stampede } from './stampede.ts';
import { measureStats } from './stats.ts';
import { measureWriting } from './writer/writing.ts';

const TIMES = [1, 10, 100];
const LINKS_PER_PAGE = 100;
const MAX_IN_CACHE = 1_000_000;
const VISITS_WRITTEN = 30_000;
const SECONDS = 2;
const RUNS = 3;
/** Logarithmic growth from a thousand to a hundred thousand has about this exponent. */
const LOGARITHMIC = 0.15;

interface Cost {
  readonly what: string;
  /** The data that grows. */
  readonly of: string;
  readonly size: number;
  /** Milliseconds for one unit of work. */
  readonly cost: number;
}

/** Measures all costs with so many links, and as many visits. */
async function costsAt(bench: Bench, links: number): Promise<Cost[]> {
  const deployment = await bench.openDeployment();
  await seedLinks(deployment.sql, links);
  await seedVisits(deployment.sql, { ofFirst: links / 2, ofOthers: links / 2, links: Math.min(links, 1000) });
  const costs: Cost[] = [];
  const add = async (what: string, of: string, size: number, measure: () => Promise<number>) => {
    const runs: number[] = [];
    for (let run = 0; run < RUNS; run++) runs.push(await measure());
    costs.push({ what, of, size, cost: median(runs) });
  };

  const api = await deployment.start('links', 'alone');
  await add('list, the last page', 'links', links, () =>
    measurePage(deployment, api.url, links / LINKS_PER_PAGE),
  );
  const stats = await deployment.start('stats', 'alone');
  await add('stats', 'visits', links, async () => (await measureStats(stats.url, 0)).ms);
  await stats.end('SIGTERM');
  const dirty = links / 10;
  await add('flush, a link', 'links with new visits', dirty, async () => {
    const { seconds } = await measureFlush(deployment, dirty);
    return (seconds * 1000) / dirty;
  });
  await addRedirects(deployment, bench, links, add);
  await add('writer, a visit', 'visits stored', links, async () => {
    const visits = createVisits(VISITS_WRITTEN, Math.min(links, 10_000));
    const { perSecond } = await measureWriting(deployment, visits, await deployment.stored());
    return 1000 / perSecond;
  });
  await add('create, a link', 'links', links, async () => {
    const { perSecond } = await measureCreating(deployment, api, { ...bench, secondsPerRun: SECONDS });
    return 1000 / perSecond;
  });
  await deployment.close();
  return costs;
}

async function addRedirects(
  deployment: MeasuredDeployment,
  bench: Bench,
  links: number,
  add: (what: string, of: string, size: number, measure: () => Promise<number>) => Promise<void>,
): Promise<void> {
  const inMemory = links / 10;
  const hot = await openHot(deployment, inMemory, bench);
  await add('redirect-hot, CPU of a redirect', 'links visited', inMemory, async () => {
    const { cpuMicroseconds } = await hot.visit(SECONDS);
    return cpuMicroseconds / 1000;
  });
  await hot.redirect.end('SIGTERM');

  if (links >= LEAST_FOLLOWED) {
    const inCache = Math.min(links, MAX_IN_CACHE);
    const warm = await openWarm(deployment, inCache, bench, { followed: LEAST_FOLLOWED });
    await add('redirect-warm, CPU of a redirect', 'links in Redis', inCache, async () => {
      const { cpuMicroseconds } = await warm.visit(SECONDS);
      return cpuMicroseconds / 1000;
    });
    await warm.redirect.end('SIGTERM');
  }

  const miss = createMissing(deployment, links, bench);
  await add('redirect-miss, a redirect', 'links', links, async () => 1000 / (await miss(SECONDS)).perSecond);

  const waiting = Math.min(links / 20, 5000);
  await add('stampede, a visitor', 'visitors at once', waiting, async () => {
    const before = await deployment.stored();
    const { ms, redirected } = await stampede(deployment, repeated(`/${codeOf(1)}`, waiting));
    await deployment.drain(before + redirected);
    return ms / waiting;
  });
}

export const growth: Suite = {
  name: 'growth',
  run: async (bench) => {
    const base = bench.full ? 100_000 : 5000;
    const all: Cost[] = [];
    for (const times of TIMES) {
      bench.report(`  ${count(base * times)} links`);
      all.push(...(await costsAt(bench, base * times)));
    }
    return Map.groupBy(all, ({ what }) => what)
      .entries()
      .map(([what, costs]) => {
        const power = exponent(costs);
        return {
          what,
          size: `${costs.map(({ size }) => count(size)).join(' → ')} ${costs[0]?.of}`,
          goal: `exponent ≤ ${LOGARITHMIC}`,
          measured: `${power.toFixed(2)} (${costs.map(({ cost }) => number(cost * 1000)).join(' → ')} µs)`,
          met: power <= LOGARITHMIC,
        };
      })
      .toArray();
  },
};
