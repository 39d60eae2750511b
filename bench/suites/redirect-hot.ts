import { createRandom } from '../../harness/random.ts';
import { alternate, pairOf } from '../alternate.ts';
import { createZipf, type SampleRequest, visitsTo } from '../data/samples.ts';
import { fillCache, seedLinks } from '../data/seed.ts';
import type { MeasuredDeployment } from '../deployment.ts';
import { CONNECTIONS } from '../load/load.ts';
import { prepareBareVisits, prepareVisits } from '../load/visited.ts';
import { memoryOf } from '../machine/usage.ts';
import { count, number, withSpread } from '../report.ts';
import { median, ratio, spread } from '../statistics.ts';
import type { Bench, Suite } from '../suite.ts';

const LINKS = 1000;
const REQUESTS = 50_000;
const MAX_MEMORY_MB = 120;

/** Requests for links in the redirect's memory, some visited much more than others. */
export function hotRequests(links: number): SampleRequest[] {
  const random = createRandom(1);
  const draw = createZipf(links, random);
  return visitsTo(
    Array.from({ length: REQUESTS }, () => draw()),
    random,
  );
}

/** Starts and warms up a redirect with its links in memory; `visit` checks that every visit is stored. */
export async function openHot(deployment: MeasuredDeployment, links: number, bench: Pick<Bench, 'cores'>) {
  await fillCache(deployment, links);
  const redirect = await deployment.start('redirect', 'alone');
  const requests = hotRequests(links);
  return { redirect, requests, visit: await prepareVisits(deployment, redirect, requests, bench) };
}

/** Measures the redirects per second of one process, for suites that compare with it. */
export async function measureHotRate(bench: Bench): Promise<number> {
  const deployment = await bench.openDeployment();
  await seedLinks(deployment.sql, LINKS);
  const { visit } = await openHot(deployment, LINKS, bench);
  const { perSecond } = await visit(bench.secondsPerRun);
  await deployment.close();
  return perSecond;
}

export const redirectHot: Suite = {
  name: 'redirect-hot',
  run: async (bench) => {
    const { pairs, secondsPerRun, shared } = bench;
    const deployment = await bench.openDeployment();
    await seedLinks(deployment.sql, LINKS);
    const bare = await deployment.startBareHono();
    const { redirect, requests, visit } = await openHot(deployment, LINKS, bench);
    const visitBare = await prepareBareVisits(bare, requests, bench);
    const measured = await alternate(
      pairs,
      () => visit(secondsPerRun),
      () => visitBare(secondsPerRun),
    );

    const subjects = measured.map(({ subject }) => subject);
    const references = measured.map(({ reference }) => reference);
    const rates = ratio(measured.map(pairOf('perSecond')));
    const tails = ratio(measured.map(pairOf('p99Ms')));
    const perSecond = spread(subjects.map((each) => each.perSecond));
    shared.hotPerSecond = perSecond.median;
    const hits = await redirect.metric('resolutions_total', 'memory');
    const all = await redirect.metric('resolutions_total');
    const { highestMb } = memoryOf(redirect.pid);
    const size = `${count(LINKS)} links, ${CONNECTIONS} connections`;
    const latencies = (of: typeof references) =>
      (['p50Ms', 'p99Ms', 'p999Ms'] as const)
        .map((name) => number(median(of.map((each) => each[name]))))
        .join(' / ');
    return [
      {
        what: 'redirects/s ÷ bare Hono',
        size,
        goal: '≥ 0.70',
        measured: withSpread(rates),
        met: rates.median >= 0.7,
      },
      { what: 'p99 ÷ bare Hono', size, goal: '≤ 2', measured: withSpread(tails), met: tails.median <= 2 },
      { what: 'redirects/s', size, measured: withSpread(perSecond) },
      { what: 'bare Hono/s', size, measured: withSpread(spread(references.map((each) => each.perSecond))) },
      {
        what: 'CPU ÷ bare Hono',
        size,
        measured: withSpread(ratio(measured.map(pairOf('cpuMicroseconds')))),
      },
      {
        what: 'CPU, µs a redirect; bare Hono',
        size,
        measured: [subjects, references]
          .map((of) => number(median(of.map((each) => each.cpuMicroseconds))))
          .join('; '),
      },
      { what: 'p50 / p99 / p99.9 ms', size, measured: latencies(subjects) },
      { what: 'bare Hono p50 / p99 / p99.9 ms', size, measured: latencies(references) },
      { what: 'answered from memory', size, measured: `${number((hits / all) * 100)} %` },
      {
        what: 'visits made, published and stored',
        size,
        measured: `${count(await redirect.metric('visits_recorded_total'))}, all`,
      },
      {
        what: 'highest memory of the redirect, MB',
        size,
        goal: `≤ ${MAX_MEMORY_MB}`,
        measured: number(highestMb),
        met: highestMb <= MAX_MEMORY_MB,
      },
    ];
  },
};
