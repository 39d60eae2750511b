import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { API_KEY } from '../../harness/clients/api.ts';
import type { FunctionProcess } from '../../harness/processes/function-process.ts';
import { alternate, pairOf } from '../alternate.ts';
import { type SampleRequest, URLS } from '../data/samples.ts';
import type { MeasuredDeployment } from '../deployment.ts';
import { CONNECTIONS, load, WARM_UP_SECONDS } from '../load/load.ts';
import { measureUsage } from '../machine/usage.ts';
import { commandOfBareInserts } from '../references/commands.ts';
import { count, number, withSpread } from '../report.ts';
import { median, ratio, spread } from '../statistics.ts';
import type { Bench, Suite } from '../suite.ts';

const REQUESTS: readonly SampleRequest[] = URLS.map((url) => ({
  method: 'POST',
  path: '/api/v1/links',
  headers: { Authorization: `Bearer ${API_KEY}`, 'Content-Type': 'application/json' },
  body: JSON.stringify({ original_url: url }),
}));

/** The way to create links: these requests, over so many connections. */
interface Creating {
  readonly requests: readonly SampleRequest[];
  readonly linksPerRequest: number;
  readonly connections: number;
}

const ONE_BY_ONE: Creating = { requests: REQUESTS, linksPerRequest: 1, connections: CONNECTIONS };

const IN_BULK = 500;
const BULK_REQUESTS: Creating = {
  requests: [
    {
      method: 'POST',
      path: '/api/v1/bulk/links',
      headers: { Authorization: `Bearer ${API_KEY}`, 'Content-Type': 'application/json' },
      body: JSON.stringify({
        links: Array.from({ length: IN_BULK }, (_, index) => ({ original_url: URLS[index % URLS.length] })),
      }),
    },
  ],
  linksPerRequest: IN_BULK,
  connections: 4,
};

/**
 * Creates links over HTTP. @returns the rate and the function's CPU time per link. @throws Error when not all of them
 * are stored.
 */
export async function measureCreating(
  deployment: MeasuredDeployment,
  { url, pid }: FunctionProcess,
  { cores, secondsPerRun }: Pick<Bench, 'cores' | 'secondsPerRun'>,
  { requests, linksPerRequest, connections }: Creating = ONE_BY_ONE,
): Promise<{ perSecond: number; cpuMicroseconds: number }> {
  const before = await countLinks(deployment);
  const usage = measureUsage(pid);
  const done = await load({
    url,
    requests,
    connections,
    seconds: secondsPerRun,
    cores,
  });
  const least = done.completed * linksPerRequest;
  const cpuMicroseconds = (usage() * 1e6) / least;
  const created = (await countLinks(deployment)) - before;
  if (created < least || created > least + done.maxUncounted * linksPerRequest) {
    throw new Error(`${least} links were created, but ${created} are stored.`);
  }
  return { perSecond: done.perSecond * linksPerRequest, cpuMicroseconds };
}

async function countLinks({ sql }: MeasuredDeployment): Promise<number> {
  const [row] = await sql<{ links: number }[]>`select count(*)::int as links from links`;
  return row?.links ?? 0;
}

async function measureBareInserts(
  deployment: MeasuredDeployment,
  { secondsPerRun }: Pick<Bench, 'secondsPerRun'>,
): Promise<{ perSecond: number }> {
  const { cores, databaseUrl, settings } = deployment;
  const [program = '', ...args] = commandOfBareInserts(cores, databaseUrl, secondsPerRun);
  const { stdout } = await promisify(execFile)(program, args, { env: { PATH: '', ...settings } });
  return { perSecond: Number(stdout) };
}

export const create: Suite = {
  name: 'create',
  run: async (bench) => {
    const deployment = await bench.openDeployment();
    const links = await deployment.start('links', 'alone');
    await measureCreating(deployment, links, { ...bench, secondsPerRun: WARM_UP_SECONDS });
    const measured = await alternate(
      bench.pairs,
      () => measureCreating(deployment, links, bench),
      () => measureBareInserts(deployment, bench),
    );
    const rates = ratio(measured.map(pairOf('perSecond')));
    const inBulk = await alternate(
      bench.pairs,
      () => measureCreating(deployment, links, bench, BULK_REQUESTS),
      () => measureBareInserts(deployment, bench),
    );
    const bulk = ratio(inBulk.map(pairOf('perSecond')));
    const size = `${count(await countLinks(deployment))} links, ${CONNECTIONS} connections`;
    return [
      {
        what: 'links/s one by one ÷ bare inserts',
        size,
        goal: '≥ 0.5',
        measured: withSpread(rates),
        met: rates.median >= 0.5,
      },
      {
        what: 'links/s one by one',
        size,
        measured: withSpread(spread(measured.map(({ subject }) => subject.perSecond))),
      },
      {
        what: 'bare inserts/s',
        size,
        measured: withSpread(spread(measured.map(({ reference }) => reference.perSecond))),
      },
      {
        what: 'CPU of the function, µs a link',
        size,
        measured: number(median(measured.map(({ subject }) => subject.cpuMicroseconds))),
      },
      {
        what: `links/s, ${IN_BULK} a request ÷ bare inserts`,
        size,
        goal: '≥ 0.5',
        measured: withSpread(bulk),
        met: bulk.median >= 0.5,
      },
      {
        what: `links/s, ${IN_BULK} a request`,
        size,
        measured: withSpread(spread(inBulk.map(({ subject }) => subject.perSecond))),
      },
    ];
  },
};
