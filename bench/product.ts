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

/** The link that everybody follows. */
export const LINK = codeOf(1);

/** A checkout of Terse with its dependencies. */
export interface Checkout {
  readonly root: string;
  /** The Node that runs it: a copy of its own, so that it shares no memory with others that run. */
  readonly node: string;
}

export interface ProductOptions {
  readonly cores: Pick<Cores, 'alone'>;
  /** Its `DATA_DIR`. */
  readonly directory: string;
  readonly by?: 'node' | 'npm';
  /** Turns the command line into one that runs within bounds. */
  readonly within?: (command: readonly string[]) => readonly string[];
  /** Gets the process id as soon as there is one. */
  readonly onSpawn?: (pid: number) => void;
}

/** All functions in one process, on embedded backing services, as `npm start` runs them. */
export interface Product extends StandaloneProcess {
  /** How many visits of `LINK` are in the reports. */
  stored(): Promise<number>;
  /** Waits until exactly so many are there, and all numbers agree. @throws Error when they do not. */
  drain(visits: number): Promise<void>;
  /** Ends it and all that it started. @throws Error when a process of it outlives a clean end. */
  end(signal: NodeJS.Signals): Promise<number | null>;
}

const manifestSchema = z.object({ scripts: z.object({ start: z.string() }) });
const totalsSchema = z.object({ totals: z.object({ visits: z.int(), bot_visits: z.int() }) });
const countSchema = z.object({ visit_count: z.int() });

/** Makes an empty folder, and removes it after its use. */
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
      // npm passes a signal on to some of its processes only.
      send(by === 'npm' ? tree.toReversed() : signal === 'SIGKILL' ? tree : [pid], signal);
      const left = await survivors(tree, END_WITHIN_MS);
      send(left, 'SIGKILL');
      const exitCode = await terse.closed;
      if (left.length > 0) throw new Error(`${left.length} processes ran on after ${signal}:\n${output()}`);
      return exitCode;
    },
  };
}

/** What `npm start` runs, without npm. */
function startCommand({ root, node }: Checkout): readonly string[] {
  const { scripts } = manifestSchema.parse(JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')));
  const [program, ...args] = scripts.start.replace(/^exec /, '').split(' ');
  if (program !== 'node') throw new Error(`${root} starts ${program}, and not Node.`);
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
    if (written !== visits) throw new Error(`Of ${visits} visits ${written} were written.`);
    // Counts gather for a moment before they can be read.
    await untilStored(
      await metric('visits_recorded_total', 'people'),
      async () => countSchema.parse(await read(`/api/v1/links/${LINK}`)).visit_count,
    );
  };
  return { stored, drain };
}
