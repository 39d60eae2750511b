import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { openPostgres } from '@terse/repository/postgres';
import { createVisitRepository } from '@terse/repository/visit-repository';
import type postgres from 'postgres';
import { type DeployedFunction, type Deployment, openDeployment } from '../harness/deployment/deployment.ts';
import { readTarget } from '../harness/processes/dockerfile.ts';
import type { FunctionProcess, Settings } from '../harness/processes/function-process.ts';
import { tellRedis, withBroker } from '../harness/servers/connections.ts';
import type { Stack } from '../harness/servers/stack.ts';
import { folderOf } from './bundles.ts';
import { untilStored } from './load/until-stored.ts';
import type { Cores } from './machine/cores.ts';
import { startBareHono } from './references/commands.ts';

/** PostgreSQL counts the reads of a session when it ends, a moment after its client has gone. */
const SESSION_END_MS = 500;
/** The environment of an image, which also sets how Node runs. */
const { PORT: _, INTERNAL_PORT: __, ...IMAGE } = readTarget('image-function').environment;
const LOCAL = { HOST: '127.0.0.1', INTERNAL_HOST: '127.0.0.1' };

export interface DeploymentOptions {
  readonly stack: Stack;
  readonly cores: Cores;
  /** The folder where each function leaves a CPU profile when it ends. */
  readonly profileDirectory: string | undefined;
}

/** A deployment of bundles, each pinned to the measured core or to the others. */
export class MeasuredDeployment {
  readonly stack: Stack;
  readonly cores: Cores;
  readonly databaseUrl: string;
  readonly sql: postgres.Sql;
  readonly #deployment: Deployment;
  readonly #profileDirectory: string | undefined;
  readonly #references: FunctionProcess[] = [];
  #isClosed = false;

  constructor({ stack, cores, profileDirectory }: DeploymentOptions, deployment: Deployment, url: string) {
    this.stack = stack;
    this.cores = cores;
    this.databaseUrl = url;
    this.sql = deployment.sql;
    this.#deployment = deployment;
    this.#profileDirectory = profileDirectory;
  }

  /** The settings of every function. */
  get settings(): Settings {
    return this.#deployment.settings;
  }

  /** Starts a function on the measured core, or beside it. */
  start(
    name: DeployedFunction,
    where: 'alone' | 'beside',
    settings: Settings = {},
  ): Promise<FunctionProcess> {
    const directory = this.#profileDirectory;
    const profile = directory === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${directory}`];
    const command = [process.execPath, ...profile, join(folderOf(name), 'main.js')];
    return this.#deployment.start(name, settings, this.cores[where](command));
  }

  /** Starts a bare Hono that redirects, on the measured core, with Node as in an image. */
  async startBareHono(): Promise<FunctionProcess> {
    const bare = await startBareHono(this.cores, IMAGE);
    this.#references.push(bare);
    return bare;
  }

  /** Sends a command to Redis. */
  redis(...command: readonly string[]): Promise<unknown> {
    return tellRedis(this.stack.redis.url, ...command);
  }

  /** Resolves to the number of stored visits. */
  async stored(): Promise<number> {
    const [row] = await this.sql<{ stored: number }[]>`select count(*)::int as stored from visits`;
    return row?.stored ?? 0;
  }

  /** Waits until exactly so many visits are stored. @throws Error when more are stored, or no more arrive. */
  untilStored(visits: number): Promise<void> {
    return untilStored(visits, () => this.stored());
  }

  /** Does the same with a writer that runs only for this. */
  async drain(visits: number): Promise<void> {
    const writer = await this.start('visit-writer', 'beside', { VISIT_BATCH_WAIT_MS: '50' });
    await this.untilStored(visits);
    await writer.end('SIGTERM');
  }

  /** How often ended sessions have read an index, as PostgreSQL counts. @throws Error when there is no such index. */
  async indexReads(index: string): Promise<number> {
    await sleep(SESSION_END_MS);
    const [row] = await this.sql<{ reads: string }[]>`
      select idx_scan as reads from pg_stat_user_indexes where indexrelname = ${index}`;
    if (!row) throw new Error(`There is no index ${index}.`);
    return Number(row.reads);
  }

  /** Ends all processes. Does nothing the second time. */
  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    await Promise.all(this.#references.map((each) => each.end('SIGKILL')));
    // A killed process writes no profile.
    await this.#deployment.close(this.#profileDirectory === undefined ? 'SIGKILL' : 'SIGTERM');
  }
}

/** Opens a measured deployment on an empty database. */
export async function openMeasuredDeployment(options: DeploymentOptions): Promise<MeasuredDeployment> {
  const { stack } = options;
  const databaseUrl = await stack.postgres.createDatabase('bench');
  const reached = { databaseUrl, redisUrl: stack.redis.url, rabbitmqUrl: stack.rabbitmq.url };
  const deployment = await openDeployment(reached, { ...IMAGE, ...LOCAL });
  await preparePartitions(databaseUrl);
  // A failed suite may have left data there.
  await tellRedis(stack.redis.url, 'FLUSHALL');
  await withBroker(stack.rabbitmq.url, (connection) => connection.queueDelete('visits'));
  return new MeasuredDeployment(options, deployment, databaseUrl);
}

async function preparePartitions(url: string): Promise<void> {
  const { db, close } = openPostgres({ url, name: 'bench', poolSize: 1, statementTimeoutMs: 60_000 });
  await createVisitRepository({ db }).preparePartitions(new Date());
  await close();
}
