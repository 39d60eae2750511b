import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { freePorts } from '../../harness/processes/free-ports.ts';
import { processTree, signal as send, survivors } from '../../harness/processes/process-tree.ts';
import { processesOf } from '../../harness/processes/processes-of.ts';
import type { Cores } from './cores.ts';
import { readMetric } from '../../harness/processes/metric.ts';
import { codeOf } from './samples.ts';
import { statusOf } from '../../harness/processes/status-of.ts';
import { untilStored } from './until-stored.ts';

const API_KEY = 'bench-api-key-0123456789';
const POLL_MS = 2;
const START_TIMEOUT_MS = 60_000;
const END_TIMEOUT_MS = 20_000;
const OUTPUT_LENGTH = 2000;

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
export interface Product {
  readonly pid: number;
  readonly url: string;
  /** From the start of the process until it said that it is ready. */
  readonly readyMs: number;
  metric(name: string, labels?: string): Promise<number>;
  /** Sends a request with a valid key and reads the whole answer. */
  api(method: 'GET' | 'POST', path: string, body?: unknown): Promise<{ status: number; text: string }>;
  /** How many visits of `LINK` are in the reports. */
  stored(): Promise<number>;
  /** Waits until exactly so many are there, and all numbers agree. @throws Error when they do not. */
  drain(visits: number): Promise<void>;
  /** Ends it. @throws Error when a process of it outlives a clean end. */
  end(signal: 'SIGTERM' | 'SIGKILL'): Promise<void>;
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
  const [port = 0, internalPort = 0] = await freePorts(2);
  const [program = '', ...args] = cores.alone(
    within(by === 'npm' ? ['npm', 'start'] : startCommand(checkout)),
  );
  const begin = performance.now();
  const child = spawn(program, args, {
    cwd: root,
    env: environment(root, { port, internalPort, directory }),
  });
  const { pid = 0 } = child;
  onSpawn?.(pid);
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk: Buffer) => (output = (output + chunk.toString()).slice(-OUTPUT_LENGTH)));
  }
  const ended = once(child, 'close');
  const end: Product['end'] = async (signal) => {
    const tree = processTree(pid);
    // npm passes a signal on to some of its processes only.
    send(by === 'npm' ? tree.toReversed() : signal === 'SIGKILL' ? tree : [pid], signal);
    const left = await survivors(tree, END_TIMEOUT_MS);
    send(left, 'SIGKILL');
    await ended;
    if (left.length > 0) throw new Error(`${left.length} processes ran on after ${signal}:\n${output}`);
  };

  while ((await statusOf(`http://127.0.0.1:${internalPort}/.ready`)) !== 200) {
    const isOver = child.exitCode !== null || child.signalCode !== null;
    if (isOver || performance.now() - begin > START_TIMEOUT_MS) {
      if (!isOver) await end('SIGKILL');
      throw new Error(
        `The product was not ready, exit code ${child.exitCode ?? child.signalCode}:\n${output}`,
      );
    }
    await sleep(POLL_MS);
  }
  const readyMs = performance.now() - begin;
  return { ...describe(port, internalPort), pid, readyMs, end };
}

/** What `npm start` runs, without npm. */
function startCommand({ root, node }: Checkout): readonly string[] {
  const { scripts } = manifestSchema.parse(JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')));
  const [program, ...args] = scripts.start.replace(/^exec /, '').split(' ');
  if (program !== 'node') throw new Error(`${root} starts ${program}, and not Node.`);
  return [node, ...args];
}

function environment(
  root: string,
  { port, internalPort, directory }: { port: number; internalPort: number; directory: string },
) {
  const path = [join(root, 'node_modules', '.bin'), process.env['PATH'] ?? ''].join(delimiter);
  return {
    PATH: path,
    HOST: '127.0.0.1',
    PORT: String(port),
    INTERNAL_PORT: String(internalPort),
    DATA_DIR: directory,
    ADMIN_API_KEY: API_KEY,
  };
}

function describe(port: number, internalPort: number) {
  const url = `http://127.0.0.1:${port}`;
  const metric: Product['metric'] = (name, labels) =>
    readMetric(`http://127.0.0.1:${internalPort}`, name, labels);
  const api: Product['api'] = async (method, path, body) => {
    const response = await fetch(url + path, {
      method,
      headers: { Authorization: `Bearer ${API_KEY}`, 'Content-Type': 'application/json' },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    return { status: response.status, text: await response.text() };
  };
  const stored = async () => {
    const { text } = await api('GET', `/api/v1/links/${LINK}/stats`);
    const { totals } = totalsSchema.parse(JSON.parse(text));
    return totals.visits + totals.bot_visits;
  };
  const drain = async (visits: number) => {
    await untilStored(visits, stored);
    const written = await metric('visits_stored_total');
    if (written !== visits) throw new Error(`Of ${visits} visits ${written} were written.`);
    // Counts gather for a moment before they can be read.
    await untilStored(await metric('visits_recorded_total', 'people'), async () => {
      const { text } = await api('GET', `/api/v1/links/${LINK}`);
      return countSchema.parse(JSON.parse(text)).visit_count;
    });
  };
  return { url, metric, api, stored, drain };
}
