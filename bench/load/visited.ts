import type { FunctionProcess } from '../../harness/processes/function-process.ts';
import type { SampleRequest } from '../data/samples.ts';
import type { MeasuredDeployment } from '../deployment.ts';
import { measureUsage } from '../machine/usage.ts';
import type { Bench } from '../suite.ts';
import { expectArrivals } from './arrivals.ts';
import { CONNECTIONS, leadIn, load, type LoadOptions, warmUp } from './load.ts';

type Visited = Pick<FunctionProcess, 'url' | 'pid'>;

/**
 * Warms a redirect up with these requests.
 * @returns a function that visits it for so many seconds and checks that every visit is stored.
 */
export async function prepareVisits(
  deployment: Pick<MeasuredDeployment, 'stored' | 'drain'>,
  redirect: Visited & Pick<FunctionProcess, 'metric'>,
  requests: readonly SampleRequest[],
  { cores }: Pick<Bench, 'cores'>,
) {
  const arrivals = expectArrivals(deployment, redirect, await deployment.stored());
  const options = { url: redirect.url, requests, connections: CONNECTIONS, cores };
  arrivals.add(await warmUp(options));
  await arrivals.verify();
  return async (seconds: number) => {
    arrivals.add(await leadIn(options));
    const done = await measureLoad(redirect, { ...options, seconds });
    arrivals.add(done);
    await arrivals.verify();
    return done;
  };
}

/** Does the same for the bare Hono that is the reference, which stores nothing. */
export async function prepareBareVisits(
  bare: Visited,
  requests: readonly SampleRequest[],
  { cores }: Pick<Bench, 'cores'>,
) {
  const options = { url: bare.url, requests, connections: CONNECTIONS, cores };
  await warmUp(options);
  return async (seconds: number) => {
    await leadIn(options);
    return measureLoad(bare, { ...options, seconds });
  };
}

async function measureLoad(server: Visited, options: LoadOptions) {
  const usage = measureUsage(server.pid);
  const done = await load(options);
  return { ...done, cpuMicroseconds: (usage() * 1e6) / done.completed };
}
