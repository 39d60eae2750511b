import { CONNECTIONS } from '../../load/load.ts';
import { prepareBareVisits, prepareVisits } from '../../load/visited.ts';
import { type Checkout, inFolder, type Product, startProduct } from '../../product.ts';
import { startBareHono } from '../../references/commands.ts';
import { count, number, withSpread } from '../../report.ts';
import { median, type Pair, ratio, spread } from '../../statistics.ts';
import type { Bench, Finding } from '../../suite.ts';
import { beside, type Checkouts, type Compared } from './checkouts.ts';
import { REQUESTS_OF_LINK, visitorsOf } from './visitors.ts';

const MIN_BESIDE_BEFORE = 2;

type RateBench = Pick<Bench, 'cores' | 'pairs' | 'secondsPerRun'>;

interface Run {
  readonly perSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly cpuMicroseconds: number;
  /** From the end of the load until every visit is in the stats. */
  readonly storedAfterMs: number;
}

/** Measures redirects of one link at full rate, in turn with bare Hono and the other checkout; all are stored. */
export function measureRates(bench: RateBench, { now, before }: Checkouts): Promise<Finding[]> {
  return withProduct(now, bench, (product, visit) =>
    before
      ? withProduct(before, bench, (_, visitBefore) => compare(bench, product, visit, visitBefore))
      : compare(bench, product, visit),
  );
}

type Visit = (seconds: number) => Promise<Run>;

async function withProduct(
  checkout: Checkout,
  { cores }: RateBench,
  use: (product: Product, visit: Visit) => Promise<Finding[]>,
): Promise<Finding[]> {
  return inFolder(async (directory) => {
    const product = await startProduct(checkout, { cores, directory });
    try {
      await visitorsOf(product, cores);
      let storedAfterMs = 0;
      const drain = async (visits: number) => {
        const begin = performance.now();
        await product.drain(visits);
        storedAfterMs = performance.now() - begin;
      };
      const visit = await prepareVisits({ ...product, drain }, product, REQUESTS_OF_LINK, { cores });
      return await use(product, async (seconds) => ({ ...(await visit(seconds)), storedAfterMs }));
    } finally {
      await product.end('SIGTERM');
    }
  });
}

async function compare(
  bench: RateBench,
  product: Product,
  visit: Visit,
  visitBefore?: Visit,
): Promise<Finding[]> {
  const { cores, pairs, secondsPerRun } = bench;
  const bare = await startBareHono(cores);
  const visitBare = await prepareBareVisits(bare, REQUESTS_OF_LINK, bench);
  const runs: { bare: number; now: Run; before: Run | undefined }[] = [];
  for (let pair = 0; pair < pairs; pair++) {
    runs.push({
      bare: (await visitBare(secondsPerRun)).perSecond,
      before: await visitBefore?.(secondsPerRun),
      now: await visit(secondsPerRun),
    });
  }
  await bare.end('SIGKILL');
  const visits = await product.metric('visits_stored_total');
  return [
    ...ratiosOf(runs),
    ...runsOf({ now: runs.map(({ now }) => now), before: runs.flatMap(({ before }) => before ?? []) }),
    {
      what: 'bare Hono/s',
      size: SIZE,
      measured: withSpread(spread(runs.map((run) => run.bare))),
    },
    { what: 'visits made, counted and stored', size: SIZE, measured: `${count(visits)}, all` },
  ];
}

const SIZE = `1 link, ${CONNECTIONS} connections, nothing pinned`;

function ratiosOf(runs: readonly { bare: number; now: Run; before: Run | undefined }[]): readonly Finding[] {
  const toBare = (run: Run, bare: number): Pair => ({ subject: run.perSecond, reference: bare });
  const ratios = {
    now: runs.map(({ now, bare }) => toBare(now, bare)),
    before: runs.flatMap(({ before, bare }) => (before ? [toBare(before, bare)] : [])),
  };
  const toBefore = runs.flatMap(({ now, before }) => (before ? [toBare(now, before.perSecond)] : []));
  const besideBefore = toBefore.length === 0 ? undefined : ratio(toBefore);
  return [
    ...(besideBefore
      ? [
          {
            what: 'redirects/s ÷ before',
            size: SIZE,
            goal: `≥ ${MIN_BESIDE_BEFORE}`,
            measured: withSpread(besideBefore),
            met: besideBefore.median >= MIN_BESIDE_BEFORE,
          },
        ]
      : []),
    {
      what: 'redirects/s ÷ bare Hono',
      size: SIZE,
      measured: beside(ratios, (pairs) => withSpread(ratio(pairs))),
    },
  ];
}

function runsOf(runs: Compared<Run>): readonly Finding[] {
  const line = (what: string, format: (runs: readonly Run[]) => string): Finding => ({
    what,
    size: SIZE,
    measured: beside(runs, format),
  });
  const spreadOf = (name: keyof Run) => (of: readonly Run[]) =>
    withSpread(spread(of.map((run) => run[name])));
  const medianOf = (name: keyof Run) => (of: readonly Run[]) => number(median(of.map((run) => run[name])));
  return [
    line('redirects/s', spreadOf('perSecond')),
    line('p50 / p99 ms', (of) => `${medianOf('p50Ms')(of)} / ${medianOf('p99Ms')(of)}`),
    line('CPU of all processes, µs a redirect', medianOf('cpuMicroseconds')),
    line('until the last is stored, ms', spreadOf('storedAfterMs')),
  ];
}
