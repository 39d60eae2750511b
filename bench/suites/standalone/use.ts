import { setTimeout as sleep } from 'node:timers/promises';
import { steady } from '../../load/arrivals.ts';
import { load, warmUp } from '../../load/load.ts';
import {
  memoryOfTree,
  type MemoryWatch,
  type TreeMemory,
  watchMemory,
} from '../../machine/process-memory.ts';
import { type Checkout, inFolder, LINK, type Product, startProduct } from '../../product.ts';
import type { Bench } from '../../suite.ts';
import { visitorsOf } from './visitors.ts';

const REST_MS = 10_000;
const WATCH_START_MS = 10;
const WATCH_LOAD_MS = 50;
const RUNS_OF_LOAD = 2;
/** Without a pause, the calls would add load. */
const PAUSE_MS = 20;

export const CALLS = ['create a link', 'read it', 'stats'] as const;
type Call = (typeof CALLS)[number];

/** The latencies of answered API calls, and the number of calls turned away. */
interface Calls {
  readonly ms: Readonly<Record<Call, number[]>>;
  turnedAway: number;
}

/** The memory and the answers of a product from its start on a fresh folder to its rest after full rate. */
export interface Use {
  readonly start: TreeMemory;
  readonly restAfterStart: TreeMemory;
  readonly load: TreeMemory;
  readonly restAfterLoad: TreeMemory;
  readonly calls: Calls;
  readonly perSecond: number;
}

/** Starts a product, lets it rest, calls its API while its link is followed at full rate, and lets it rest again. */
export function observeUse(
  checkout: Checkout,
  { cores, secondsPerRun }: Pick<Bench, 'cores' | 'secondsPerRun'>,
): Promise<Use> {
  return inFolder(async (directory) => {
    let watch: MemoryWatch | undefined;
    const onSpawn = (pid: number) => (watch = watchMemory(pid, WATCH_START_MS));
    try {
      const product = await startProduct(checkout, { cores, directory, onSpawn });
      await sleep(REST_MS);
      const start = stopped(watch);
      const restAfterStart = memoryOfTree(product.pid);

      const visitors = await visitorsOf(product, cores);
      watch = watchMemory(product.pid, WATCH_LOAD_MS);
      await warmUp(visitors);
      const following = load({ ...visitors, seconds: secondsPerRun * RUNS_OF_LOAD });
      const calls = await callUntil(following, product);
      const { perSecond } = await following;
      const underLoad = stopped(watch);

      await product.drain(await steady(() => product.metric('redirects_total', 'outcome="redirect"')));
      await sleep(REST_MS);
      const restAfterLoad = memoryOfTree(product.pid);
      await product.end('SIGTERM');
      return { start, restAfterStart, load: underLoad, restAfterLoad, calls, perSecond };
    } finally {
      watch?.stop();
    }
  });
}

function stopped(watch: MemoryWatch | undefined): TreeMemory {
  if (!watch) throw new Error('The process was not watched.');
  watch.stop();
  return watch.highest();
}

/** Calls the API as one client does until `over` settles. @throws Error when an answer is wrong. */
async function callUntil(over: Promise<unknown>, product: Product): Promise<Calls> {
  const end = new AbortController();
  const stop = () => end.abort();
  over.then(stop, stop);
  const calls: Calls = { ms: { 'create a link': [], 'read it': [], stats: [] }, turnedAway: 0 };
  const call = async (name: Call, expected: number, ...request: Parameters<Product['call']>) => {
    const begin = performance.now();
    const response = await product.call(...request);
    const text = await response.text();
    const { status } = response;
    if (status === expected) calls.ms[name].push(performance.now() - begin);
    else if (status === 503) calls.turnedAway++;
    else throw new Error(`${request.slice(0, 2).join(' ')} was answered with ${status}: ${text}`);
    return status === expected;
  };
  for (let link = 0; !end.signal.aborted; link++) {
    const body = { original_url: `https://example.com/${link}`, short_code: `link-${link}` };
    const isCreated = await call('create a link', 201, 'POST', '/api/v1/links', body);
    if (isCreated) await call('read it', 200, 'GET', `/api/v1/links/${body.short_code}`);
    await call('stats', 200, 'GET', `/api/v1/links/${LINK}/stats`);
    await sleep(PAUSE_MS);
  }
  return calls;
}
