import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import postgres from 'postgres';
import type { MANIFESTS } from '../../functions/manifests.ts';
import { API_KEY } from '../clients/api.ts';
import { type FunctionProcess, mainOf, type Settings, startServer } from '../processes/function-process.ts';
import { migrateDatabase } from './migrated-database.ts';

/** A function that uses backing services and has its own database login. */
export type DeployedFunction = (typeof MANIFESTS.migrate.makesLoginsOf)[number]['name'];

/** The addresses at which functions reach their backing services. */
export interface Addresses {
  readonly databaseUrl: string;
  readonly redisUrl: string;
  readonly rabbitmqUrl: string;
}

interface Started {
  readonly name: DeployedFunction;
  readonly command: readonly string[];
  readonly settings: Settings;
}

/** All of Terse on real backing services: each function as one process or several. */
export class Deployment {
  readonly sql: postgres.Sql;
  /** The default journal folder of redirects. */
  readonly journalDirectory: string;
  /** The settings of every function. */
  readonly settings: Settings;
  readonly #directory: string;
  readonly #running = new Map<FunctionProcess, Started>();

  /** @param databaseUrl reaches the database directly, where `settings` may lead through a proxy. */
  constructor(directory: string, databaseUrl: string, settings: Settings) {
    this.#directory = directory;
    this.sql = postgres(databaseUrl, { max: 4, onnotice: () => undefined });
    this.journalDirectory = join(directory, 'journal');
    this.settings = { ...settings, JOURNAL_DIR: this.journalDirectory };
  }

  /** Starts one more process of a function, by default from its source. @throws as `startServer` does. */
  async start(
    name: DeployedFunction,
    settings: Settings = {},
    command: readonly string[] = [process.execPath, mainOf(name)],
  ): Promise<FunctionProcess> {
    const started = await startServer(command, { ...this.settings, ...settings });
    const it: FunctionProcess = {
      ...started,
      end: (signal) => {
        this.#running.delete(it);
        return started.end(signal);
      },
    };
    this.#running.set(it, { name, command, settings });
    return it;
  }

  /** The running processes of a function, the oldest first. */
  running(name: DeployedFunction): readonly FunctionProcess[] {
    return [...this.#running].filter(([, started]) => started.name === name).map(([each]) => each);
  }

  /**
   * Ends the oldest process, or the one at a URL, and starts another there with the same settings.
   * @returns the exit code of the ended process, `null` when the signal ended it.
   */
  async replace(name: DeployedFunction, signal: NodeJS.Signals, url?: string): Promise<number | null> {
    const found = this.running(name).find((each) => url === undefined || each.url === url);
    const started = found && this.#running.get(found);
    if (!started) throw new Error(`No such ${name} is running.`);
    const exitCode = await found.end(signal);
    await this.start(name, { ...started.settings, PORT: new URL(found.url).port }, started.command);
    return exitCode;
  }

  /** Ends all processes. */
  async close(signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
    await Promise.all([...this.#running.keys()].map((each) => each.end(signal)));
    await this.sql.end({ timeout: 1 });
    await rm(this.#directory, { recursive: true });
  }
}

/**
 * Migrates the database and returns a deployment on it, without any process yet.
 * @param databaseUrl reaches the database directly, where functions may reach it through a proxy.
 */
export async function openDeployment(
  reached: Addresses,
  settings: Settings,
  databaseUrl = reached.databaseUrl,
): Promise<Deployment> {
  await migrateDatabase(databaseUrl);
  return new Deployment(await mkdtemp(join(tmpdir(), 'terse-deployment-')), databaseUrl, {
    LOG_LEVEL: 'error',
    BASE_URL: 'https://go.example',
    ADMIN_API_KEY: API_KEY,
    DATABASE_URL: reached.databaseUrl,
    REDIS_URL: reached.redisUrl,
    RABBITMQ_URL: reached.rabbitmqUrl,
    ...settings,
  });
}
