import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { migrate } from '@terse/repository/migrate';
import { openPostgres } from '@terse/repository/postgres';
import { type FunctionProcess, startFunction } from '../function-process.ts';
import { freePorts } from '../stack/free-ports.ts';
import { type Stack, startStack } from '../stack/stack.ts';

export const API_KEY = 'faults-test-key-0123456789';

/** The functions of which a house may have several. */
type Worker = 'redirect' | 'visit-writer' | 'counter-flush';

export interface House {
  readonly stack: Stack;
  readonly links: FunctionProcess;
  /** Starts one more of a function, which writes its journal where the others of its kind do. */
  start(worker: Worker): Promise<FunctionProcess>;
  /** Those that were started and not ended yet. */
  running(worker: Worker): readonly FunctionProcess[];
  /** Ends one as `kill -9` does, and starts another at its address. */
  replace(worker: Worker): Promise<void>;
  close(): Promise<void>;
}

/** All of Terse as it runs in production: every function its own process, on servers that nobody else uses. */
export async function openHouse(): Promise<House> {
  const stack = await startStack();
  const directory = await mkdtemp(join(tmpdir(), 'terse-house-'));
  const database = openPostgres({
    url: stack.postgres.url,
    name: 'migrate',
    poolSize: 1,
    statementTimeoutMs: 60_000,
  });
  await migrate(database.db);
  await database.close();

  const settings = {
    LOG_LEVEL: 'error',
    DATABASE_URL: stack.postgres.url,
    REDIS_URL: stack.redis.url,
    RABBITMQ_URL: stack.rabbitmq.url,
    ADMIN_API_KEY: API_KEY,
    JOURNAL_DIR: join(directory, 'journal'),
    VISIT_BATCH_WAIT_MS: '100',
    COUNTER_FLUSH_SECONDS: '1',
  };
  const workers: Record<Worker, FunctionProcess[]> = {
    redirect: [],
    'visit-writer': [],
    'counter-flush': [],
  };

  const startOn = (port: number | string, name: string) =>
    startFunction(name, { ...settings, PORT: `${port}`, BASE_URL: 'https://go.example' });

  async function start(worker: Worker): Promise<FunctionProcess> {
    const [port = 0] = await freePorts(1);
    const started = await startOn(port, worker);
    workers[worker].push(started);
    return started;
  }

  async function endAll(signal: NodeJS.Signals): Promise<void> {
    const all = [...workers.redirect, ...workers['visit-writer'], ...workers['counter-flush'], links];
    await Promise.all(all.map((each) => each.end(signal)));
  }

  const [linksPort = 0] = await freePorts(1);
  const links = await startOn(linksPort, 'links');
  await Promise.all([start('redirect'), start('visit-writer'), start('counter-flush')]);
  return {
    stack,
    links,
    start,
    running: (worker) => workers[worker],
    replace: async (worker) => {
      const [oldest] = workers[worker].splice(0, 1);
      if (!oldest) throw new Error(`No ${worker} is running.`);
      await oldest.end('SIGKILL');
      workers[worker].push(await startOn(new URL(oldest.url).port, worker));
    },
    close: async () => {
      await endAll('SIGKILL');
      await stack.stop();
      await rm(directory, { recursive: true });
    },
  };
}
