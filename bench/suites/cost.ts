import { setTimeout as sleep } from 'node:timers/promises';
import type { FunctionProcess } from '../../harness/processes/function-process.ts';
import { alternate, pairOf } from '../alternate.ts';
import { fillCache, seedLinks } from '../data/seed.ts';
import type { MeasuredDeployment } from '../deployment.ts';
import { steady } from '../load/arrivals.ts';
import { CONNECTIONS, load, warmUp } from '../load/load.ts';
import { measureUsage } from '../machine/usage.ts';
import { count, number, withSpread } from '../report.ts';
import { median, ratio, spread } from '../statistics.ts';
import type { Suite } from '../suite.ts';
import { hotRequests } from './redirect-hot.ts';

const LINKS = 1000;
const POLL_MS = 100;
const PATIENCE_MS = 30_000;
const MILLION = 1e6;

/** The first measurement of the same, as a multiple of bare Hono's CPU seconds (`docs/capacity.md`). */
const FIRST_MEASUREMENT = 7.12;

/** Waits until so many visits are counted and all rollup deltas are merged. @throws Error when that fails. */
async function untilCountedAndMerged({ sql }: MeasuredDeployment, visits: number): Promise<void> {
  const deadline = performance.now() + PATIENCE_MS;
  for (;;) {
    const [row] = await sql<{ counted: number; waiting: boolean }[]>`
      select sum(visit_count)::int as counted, exists (select from rollup_deltas) as waiting from links`;
    if (row?.counted === visits && !row.waiting) return;
    if (performance.now() > deadline) {
      throw new Error(
        `${row?.counted} of ${visits} visits are counted; rollup deltas wait: ${row?.waiting}.`,
      );
    }
    await sleep(POLL_MS);
  }
}

export const cost: Suite = {
  name: 'cost',
  run: async ({ openDeployment, cores, pairs, secondsPerRun }) => {
    const deployment = await openDeployment();
    await seedLinks(deployment.sql, LINKS);
    await fillCache(deployment, LINKS);
    const bare = await deployment.startBareHono();
    const functions: FunctionProcess[] = [
      await deployment.start('redirect', 'alone'),
      await deployment.start('visit-writer', 'beside'),
      await deployment.start('counter-flush', 'beside'),
    ];
    const [redirect] = functions;
    if (!redirect) throw new Error('There is no redirect.');
    const { postgres, redis, rabbitmq } = deployment.stack;
    const names = ['redirect', 'visit-writer', 'counter-flush', 'PostgreSQL', 'Redis', 'RabbitMQ'] as const;
    const pids = [
      ...functions.map(({ pid }) => pid),
      ...[postgres, redis, rabbitmq].map(({ pid }) => pid ?? 0),
    ];
    const options = { requests: hotRequests(LINKS), connections: CONNECTIONS, cores };

    const endToEnd = async (seconds: number) => {
      const before = await redirect.metric('redirects_total', 'outcome="redirect"');
      const usages = pids.map((pid) => measureUsage(pid));
      await load({ ...options, url: redirect.url, seconds });
      const visits = await steady(() => redirect.metric('redirects_total', 'outcome="redirect"'));
      await deployment.untilStored(visits);
      await untilCountedAndMerged(deployment, await redirect.metric('visits_recorded_total', 'people'));
      const perProcess = usages.map((usage) => (usage() / (visits - before)) * MILLION);
      return { perProcess, total: perProcess.reduce((sum, each) => sum + each, 0) };
    };
    const bareHono = async (seconds: number) => {
      const usage = measureUsage(bare.pid);
      const { completed } = await load({ ...options, url: bare.url, seconds });
      return { total: (usage() / completed) * MILLION };
    };

    await warmUp({ ...options, url: bare.url });
    await warmUp({ ...options, url: redirect.url });
    const measured = await alternate(
      pairs,
      () => endToEnd(secondsPerRun),
      () => bareHono(secondsPerRun),
    );
    const toBare = ratio(measured.map(pairOf('total')));
    const size = `${count(LINKS)} links, ${CONNECTIONS} connections`;
    return [
      {
        what: 'CPU of all processes ÷ bare Hono',
        size,
        goal: `≤ ${number(FIRST_MEASUREMENT / 2)}`,
        measured: withSpread(toBare),
        met: toBare.median <= FIRST_MEASUREMENT / 2,
      },
      {
        what: 'CPU seconds per million visits, all processes',
        size,
        measured: withSpread(spread(measured.map(({ subject }) => subject.total))),
      },
      ...names.map((name, index) => ({
        what: `of these ${name}`,
        size,
        measured: number(median(measured.map(({ subject }) => subject.perProcess[index] ?? 0))),
      })),
      {
        what: 'CPU seconds per million, bare Hono',
        size,
        measured: withSpread(spread(measured.map(({ reference }) => reference.total))),
      },
    ];
  },
};
