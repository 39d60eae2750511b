import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { createClient } from '@redis/client';
import { migrate } from '@terse/repository/migrate';
import { openPostgres } from '@terse/repository/postgres';
import { createVisitRepository } from '@terse/repository/visit-repository';
import postgres from 'postgres';
import { Connection } from 'rabbitmq-client';
import { type FunctionProcess, startServer } from '../../harness/processes/function-process.ts';
import { readTarget } from '../../harness/processes/dockerfile.ts';
import { freePorts } from '../../harness/processes/free-ports.ts';
import type { Stack } from '../../harness/servers/stack.ts';
import type { Cores } from './cores.ts';
import { readMetric } from '../../harness/processes/metric.ts';
import { untilStored as untilVisitsStored } from './until-stored.ts';

export const API_KEY = 'bench-api-key-0123456789';
const FUNCTIONS = ['redirect', 'links', 'stats', 'visit-writer', 'counter-flush'] as const;
type BenchFunction = (typeof FUNCTIONS)[number];

const PROGRAM_ROOT = fileURLToPath(new URL('../..', import.meta.url));
const BARE_INSERTS = fileURLToPath(new URL('../references/bare-inserts.ts', import.meta.url));
const BARE_HONO = fileURLToPath(new URL('../references/bare-hono.ts', import.meta.url));
/** What a session has read is counted when it ends, which takes the server a moment after its client has gone. */
const SESSION_END_MS = 500;

export interface Command {
  readonly command: readonly string[];
  readonly settings: Readonly<Record<string, string>>;
}

export interface Ports {
  readonly port: number;
  readonly internalPort: number;
}

export interface RunningFunction extends FunctionProcess {
  readonly pid: number;
  /** The sum of a counter over those of its labels that contain the text. */
  metric(name: string, labels?: string): Promise<number>;
}

export interface DeploymentOptions {
  readonly stack: Stack;
  readonly cores: Cores;
  /** Where each function leaves a CPU profile when it ends. */
  readonly profileDirectory: string | undefined;
}

/** All of Terse on real backing services, each function its bundle in a process of its own. */
export interface Deployment {
  readonly stack: Stack;
  readonly databaseUrl: string;
  readonly sql: postgres.Sql;
  /** Sends a command to Redis. */
  redis(...command: readonly string[]): Promise<unknown>;
  /** Starts a function on the core of what is measured, or beside it. */
  start(
    name: BenchFunction,
    where: 'alone' | 'beside',
    settings?: Readonly<Record<string, string>>,
  ): Promise<RunningFunction>;
  /** Starts the least that answers with a redirect, on the core of what is measured. */
  startBareHono(): Promise<RunningFunction>;
  /** The command that runs a function on the core of what is measured, and its settings, for who starts it himself. */
  commandOf(name: BenchFunction, ports: Ports, folder?: string): Command;
  commandOfBareHono(ports: Pick<Ports, 'port'>): Command;
  /** The command that inserts links for so many seconds, on the core of what is measured. */
  commandOfBareInserts(seconds: number): Command;
  /** How many visits are stored. */
  stored(): Promise<number>;
  /** Waits until exactly so many visits are stored. @throws Error when there are more, or no more come. */
  untilStored(visits: number): Promise<void>;
  /** The same, with a writer that runs for this only. */
  drain(visits: number): Promise<void>;
  /** How often sessions that have ended have read an index, by the server's own count. */
  indexReads(index: string): Promise<number>;
  /** Ends what runs. Does nothing the second time. */
  close(): Promise<void>;
}

/** Where a function is, as it lies in its image. */
export function folderOf(name: BenchFunction): string {
  return join(PROGRAM_ROOT, 'dist', name);
}

/** Makes of each function what it is in production. */
export async function bundleFunctions(): Promise<void> {
  await promisify(execFile)(process.execPath, ['infra/bundle/main.ts', ...FUNCTIONS], { cwd: PROGRAM_ROOT });
}

export async function openDeployment({
  stack,
  cores,
  profileDirectory,
}: DeploymentOptions): Promise<Deployment> {
  const databaseUrl = await stack.postgres.createDatabase('bench');
  await prepareDatabase(databaseUrl);
  const sql = postgres(databaseUrl, { max: 4, onnotice: () => undefined });
  const redis = createClient({ url: stack.redis.url, RESP: 2 });
  await redis.connect();
  await redis.flushAll();
  await emptyQueue(stack.rabbitmq.url);
  const directory = await mkdtemp(join(tmpdir(), 'terse-bench-'));
  const running = new Set<RunningFunction>();
  let closed = false;

  // What an image sets, and with it how Node runs there. What a function is compared with runs in the same way.
  const { INTERNAL_PORT: _, ...image } = readTarget('runtime').environment;
  const shared = {
    ...image,
    HOST: '127.0.0.1',
    INTERNAL_HOST: '127.0.0.1',
    LOG_LEVEL: 'error',
    DATABASE_URL: databaseUrl,
    REDIS_URL: stack.redis.url,
    RABBITMQ_URL: stack.rabbitmq.url,
    ADMIN_API_KEY: API_KEY,
    BASE_URL: 'https://go.example',
    JOURNAL_DIR: join(directory, 'journal'),
  };

  const node = (...args: readonly string[]) => [
    process.execPath,
    ...(profileDirectory === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${profileDirectory}`]),
    ...args,
  ];

  async function run(
    command: readonly string[],
    settings: Readonly<Record<string, string>>,
  ): Promise<RunningFunction> {
    const started = await startServer(command, settings);
    const { pid } = started;
    if (pid === undefined) throw new Error(`${command.join(' ')} has no process id.`);
    const it: RunningFunction = {
      ...started,
      pid,
      end: (signal) => {
        running.delete(it);
        return started.end(signal);
      },
      metric: (name, labels) => readMetric(started.internalUrl, name, labels),
    };
    running.add(it);
    return it;
  }

  const start: Deployment['start'] = async (name, where, settings = {}) => {
    const [port = 0] = await freePorts(1);
    return run(cores[where](node(join(folderOf(name), 'main.js'))), {
      ...shared,
      ...settings,
      PORT: String(port),
    });
  };

  function commandOfBareHono({ port }: Pick<Ports, 'port'>): Command {
    const command = cores.alone([process.execPath, BARE_HONO, String(port)]);
    // Serves everything at one port.
    return { command, settings: { ...image, PORT: String(port), INTERNAL_PORT: String(port) } };
  }

  function commandOfBareInserts(seconds: number): Command {
    const command = cores.alone([process.execPath, BARE_INSERTS, databaseUrl, String(seconds)]);
    return { command, settings: image };
  }

  async function countStored(): Promise<number> {
    const [row] = await sql<{ stored: number }[]>`select count(*)::int as stored from visits`;
    return row?.stored ?? 0;
  }

  const untilStored = (visits: number) => untilVisitsStored(visits, countStored);

  return {
    stack,
    databaseUrl,
    sql,
    redis: (...command) => redis.sendCommand([...command]),
    start,
    startBareHono: async () => {
      const [port = 0] = await freePorts(1);
      const { command, settings } = commandOfBareHono({ port });
      return run(command, settings);
    },
    commandOf: (name, { port, internalPort }, folder = folderOf(name)) => ({
      command: cores.alone([process.execPath, join(folder, 'main.js')]),
      settings: { ...shared, PORT: String(port), INTERNAL_PORT: String(internalPort) },
    }),
    commandOfBareHono,
    commandOfBareInserts,
    stored: countStored,
    untilStored,
    drain: async (visits) => {
      const writer = await start('visit-writer', 'beside', { VISIT_BATCH_WAIT_MS: '50' });
      await untilStored(visits);
      await writer.end('SIGTERM');
    },
    indexReads: async (index) => {
      await sleep(SESSION_END_MS);
      const [row] = await sql<{ reads: string }[]>`
        select idx_scan as reads from pg_stat_user_indexes where indexrelname = ${index}`;
      return Number(row?.reads ?? 0);
    },
    close: async () => {
      if (closed) return;
      closed = true;
      // A profile is written by a process that ends by itself.
      const signal = profileDirectory === undefined ? 'SIGKILL' : 'SIGTERM';
      await Promise.all([...running].map((each) => each.end(signal)));
      await sql.end({ timeout: 1 });
      redis.destroy();
      await rm(directory, { recursive: true });
    },
  };
}

async function prepareDatabase(url: string): Promise<void> {
  const { db, close } = openPostgres({ url, name: 'bench', poolSize: 1, statementTimeoutMs: 60_000 });
  await migrate(db);
  await createVisitRepository({ db }).preparePartitions(new Date());
  await close();
}

/** What a suite that failed left in the queue is none of the next one's. */
async function emptyQueue(url: string): Promise<void> {
  const connection = new Connection({ url, acquireTimeout: 5000 });
  try {
    await connection.queueDelete('visits');
  } finally {
    await connection.close();
  }
}
