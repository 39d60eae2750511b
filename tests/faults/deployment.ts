import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { migrate } from '@terse/repository/migrate';
import { openPostgres } from '@terse/repository/postgres';
import { type FunctionProcess, startFunction } from '../../harness/processes/function-process.ts';
import { freePorts } from '../../harness/processes/free-ports.ts';
import { type Stack, startStack } from '../../harness/servers/stack.ts';
import { type FaultProxy, openFaultProxy } from '../../harness/deployment/fault-proxy.ts';

export const API_KEY = 'faults-test-key-0123456789';

/** The functions of which a deployment may have several. */
export type Worker = 'redirect' | 'visit-writer' | 'counter-flush';

type Settings = Readonly<Record<string, string>>;

export interface Deployment {
  /** The servers, reached directly. */
  readonly stack: Stack;
  /** What functions reach them through. */
  readonly network: Readonly<Record<'postgres' | 'redis' | 'rabbitmq', FaultProxy>>;
  /** Where redirects keep their journal unless they are told otherwise. */
  readonly journalDirectory: string;
  readonly links: FunctionProcess;
  /** Flushes only on request. */
  readonly flusher: FunctionProcess;
  /** Starts one more of a function. */
  start(worker: Worker, settings?: Settings): Promise<FunctionProcess>;
  /** Those that were started and not ended yet, the oldest first. */
  running(worker: Worker): readonly FunctionProcess[];
  /** Ends one, and resolves with its exit code, `null` when the signal ended it. */
  end(worker: Worker, which: FunctionProcess, signal: NodeJS.Signals): Promise<number | null>;
  /**
   * Ends the oldest or the one at an address, and starts another there, with the same settings. Resolves like `end`.
   */
  replace(worker: Worker, signal: NodeJS.Signals, address?: string): Promise<number | null>;
  close(): Promise<void>;
}

/** All of Terse as it runs in production: every function its own process, on servers that nobody else uses. */
export async function openDeployment(): Promise<Deployment> {
  const stack = await startStack();
  const directory = await mkdtemp(join(tmpdir(), 'terse-deployment-'));
  const journalDirectory = join(directory, 'journal');
  const database = openPostgres({
    url: stack.postgres.url,
    name: 'migrate',
    poolSize: 1,
    statementTimeoutMs: 60_000,
  });
  await migrate(database.db);
  await database.close();
  const network = {
    postgres: await openFaultProxy(stack.postgres.port),
    redis: await openFaultProxy(stack.redis.port),
    rabbitmq: await openFaultProxy(stack.rabbitmq.port),
  };

  const common = {
    LOG_LEVEL: 'error',
    BASE_URL: 'https://go.example',
    DATABASE_URL: through(stack.postgres.url, network.postgres),
    REDIS_URL: through(stack.redis.url, network.redis),
    RABBITMQ_URL: through(stack.rabbitmq.url, network.rabbitmq),
    ADMIN_API_KEY: API_KEY,
    JOURNAL_DIR: journalDirectory,
    VISIT_BATCH_WAIT_MS: '100',
    COUNTER_FLUSH_SECONDS: '1',
    STOP_DELAY_MS: '300',
  };
  const workers: Record<Worker, Map<FunctionProcess, Settings>> = {
    redirect: new Map(),
    'visit-writer': new Map(),
    'counter-flush': new Map(),
  };

  async function start(worker: Worker, settings: Settings = {}): Promise<FunctionProcess> {
    const [port = 0] = await freePorts(1);
    return startWith(worker, { PORT: `${port}`, ...settings });
  }

  async function startWith(worker: Worker, settings: Settings): Promise<FunctionProcess> {
    const started = await startFunction(worker, { ...common, ...settings });
    workers[worker].set(started, settings);
    return started;
  }

  function end(worker: Worker, which: FunctionProcess, signal: NodeJS.Signals): Promise<number | null> {
    workers[worker].delete(which);
    return which.end(signal);
  }

  const [linksPort = 0] = await freePorts(1);
  const links = await startFunction('links', { ...common, PORT: `${linksPort}` });
  const [flusherPort = 0] = await freePorts(1);
  const flusher = await startFunction('counter-flush', {
    ...common,
    PORT: `${flusherPort}`,
    TRIGGER: 'external',
  });
  await Promise.all([start('redirect'), start('visit-writer'), start('counter-flush')]);
  return {
    stack,
    network,
    journalDirectory,
    links,
    flusher,
    start,
    running: (worker) => [...workers[worker].keys()],
    end,
    replace: async (worker, signal, address) => {
      const found = workers[worker].entries().find(([{ url }]) => address === undefined || url === address);
      if (!found) throw new Error(`No such ${worker} is running.`);
      const [which, settings] = found;
      const exitCode = await end(worker, which, signal);
      await startWith(worker, { ...settings, PORT: new URL(which.url).port });
      return exitCode;
    },
    close: async () => {
      const all = [...Object.values(workers).flatMap((each) => each.keys().toArray()), links, flusher];
      await Promise.all(all.map((each) => each.end('SIGKILL')));
      await Promise.all(Object.values(network).map((each) => each.close()));
      await stack.stop();
      await rm(directory, { recursive: true });
    },
  };
}

function through(url: string, { port }: FaultProxy): string {
  const changed = new URL(url);
  changed.port = `${port}`;
  return changed.href;
}
