import type { Bench } from '../suite.ts';
import { expectArrivals } from './arrivals.ts';
import { CONNECTIONS, leadIn, load, warmUp } from './load.ts';
import type { House, RunningFunction } from './house.ts';
import type { SampleRequest } from './samples.ts';
import { measureUsage } from './usage.ts';

/** Warms a redirect up with these requests. @returns how to visit it: for so many seconds, and every visit is proved to arrive. */
export async function prepareVisits(
  house: House,
  redirect: RunningFunction,
  requests: readonly SampleRequest[],
  { cores }: Pick<Bench, 'cores'>,
) {
  const arrivals = expectArrivals(house, redirect, await house.stored());
  const options = { url: redirect.url, requests, connections: CONNECTIONS, cores };
  arrivals.add(await warmUp(options));
  await arrivals.settle();
  return async (seconds: number) => {
    arrivals.add(await leadIn(options));
    const usage = measureUsage(redirect.pid);
    const done = await load({ ...options, seconds });
    const cpuMicroseconds = (usage() * 1e6) / done.completed;
    arrivals.add(done);
    await arrivals.settle();
    return { ...done, cpuMicroseconds };
  };
}
