import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { z } from 'zod';
import { processTree, signal as send, survivors } from '../harness/processes/process-tree.ts';
import { processesOf } from '../harness/processes/processes-of.ts';
import { type StandaloneProcess, startStandalone } from '../harness/processes/standalone-process.ts';
import { codeOf } from './data/samples.ts';
import { untilStored } from './load/until-stored.ts';
import type { Cores } from './machine/cores.ts';

const POLL_MS = 2;
const START_WITHIN_MS = 60_000;
const END_WITHIN_MS = 20_000;

/** The link that all visitors follow. */
export const LINK = codeOf(1);

/** A checkout of Terse with its dependencies. */
export interface Checkout {
  readonly root: string;
  /** The Node that runs it: a separate copy, so that it shares no memory with other processes. */
  readonly node: string;
}

export interface ProductOptions {
  readonly cores: Pick<Cores, 'alone'>;
  /** Its `DATA_DIR`. */
  readonly directory: string;
  readonly by?: 'node' | 'npm';
  /** Turns the command line into one that runs within a memory limit. */
  readonly within?: (command: readonly string[]) => readonly string[];
  /** Gets the process id as soon as there is one. */
  readonly onSpawn?: (pid: number) => void;
}

/** All functions in one process, on embedded backing services, as `npm start` runs them. */
export interface Product extends StandaloneProcess {
  /** Resolves to the number of visits of `LINK` in the stats. */
  stored(): Promise<number>;
  /** Waits until exactly so many are in the stats. @throws Error when the numbers do not agree. */
  drain(visits: number): Promise<void>;
  /** Ends it and its descendants. @throws Error when one of them outlives a clean end. */
  end(signal: NodeJS.Signals): Promise<number | null>;
}

const manifestSchema = z.object({ scripts: z.object({ start: z.string() }) });
const totalsSchema = z.object({ totals: z.object({ visits: z.int(), bot_visits: z.int() }) });
const countSchema = z.object({ visit_count: z.int() });

/** Creates an empty folder and removes it after use. */
export async function inFolder<T>(use: (directory: string) => Promise<T>): Promise<T> {
  const directory = await mkdtemp(join(tmpdir(), 'terse-product-'));
  try {
    return await use(directory);
  } finally {
    // A failed run leaves processes behind.
    send(processesOf(directory), 'SIGKILL');
    await rm(directory, { recursive: true, force: true, maxRetries: 5 });
  }
}

/** Starts a product and waits until it is ready. @throws Error with its output when it ends instead. */
export async function startProduct(checkout: Checkout, options: ProductOptions): Promise<Product> {
  const { cores, directory, by = 'node', within = (command) => command, onSpawn } = options;
  const { root } = checkout;
  const path = [join(root, 'node_modules', '.bin'), process.env['PATH'] ?? ''].join(delimiter);
  const terse = await startStandalone(
    directory,
    { PATH: path, HOST: '127.0.0.1' },
    {
      command: cores.alone(within(by === 'npm' ? ['npm', 'start'] : startCommand(checkout))),
      directory: root,
      until: '/.ready',
      everyMs: POLL_MS,
      withinMs: START_WITHIN_MS,
      ...(onSpawn && { onSpawn }),
    },
  );
  const { pid, output } = terse;
  return {
    ...terse,
    ...countersOf(terse),
    end: async (signal) => {
      const tree = processTree(pid);
      // npm forwards a signal to some of its processes only.
      send(by === 'npm' ? tree.toReversed() : signal === 'SIGKILL' ? tree : [pid], signal);
      const left = await survivors(tree, END_WITHIN_MS);
      send(left, 'SIGKILL');
      const exitCode = await terse.closed;
      if (left.length > 0) throw new Error(`${left.length} processes ran on after ${signal}:\n${output()}`);
      return exitCode;
    },
  };
}

/** The command of `npm start`, without npm. */
function startCommand({ root, node }: Checkout): readonly string[] {
  const { scripts } = manifestSchema.parse(JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')));
  const [program, ...args] = scripts.start.replace(/^exec /, '').split(' ');
  if (program !== 'node') throw new Error(`${root} starts ${program} instead of Node.`);
  return [node, ...args];
}

function countersOf({ call, metric }: StandaloneProcess): Pick<Product, 'stored' | 'drain'> {
  const read = async (path: string): Promise<unknown> => (await call('GET', path)).json();
  const stored = async () => {
    const { totals } = totalsSchema.parse(await read(`/api/v1/links/${LINK}/stats`));
    return totals.visits + totals.bot_visits;
  };
  const drain = async (visits: number) => {
    await untilStored(visits, stored);
    const written = await metric('visits_stored_total');
    if (written !== visits) throw new Error(`${written} of ${visits} visits were written.`);
    // Counts gather for a moment before a flush adds them.
    await untilStored(
      await metric('visits_recorded_total', 'people'),
      async () => countSchema.parse(await read(`/api/v1/links/${LINK}`)).visit_count,
    );
  };
  return { stored, drain };
}
