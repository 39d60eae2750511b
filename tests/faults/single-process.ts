import assert from 'node:assert/strict';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import postgres from 'postgres';
import { sendVisitors, type Visitors } from '../../harness/clients/visitors.ts';
import { eventually } from '../../harness/eventually.ts';
import { signal } from '../../harness/processes/process-tree.ts';
import { type StandaloneProcess, startStandalone } from '../../harness/processes/standalone-process.ts';

import { compareStored, countOf } from './stored-visits.ts';

const QUIET_WITHIN_MS = 60_000;

/** The product in one process, on its own database. */
export class SingleProcess {
  readonly directory: string;
  readonly #settings: Readonly<Record<string, string>>;
  #running: StandaloneProcess | undefined;

  constructor(directory: string, settings: Readonly<Record<string, string>> = {}) {
    this.directory = directory;
    this.#settings = { COUNTER_FLUSH_SECONDS: '1', ...settings };
  }

  get running(): StandaloneProcess {
    assert.ok(this.#running, 'it is not running');
    return this.#running;
  }

  /** @returns the milliseconds until it was ready. */
  async start(): Promise<number> {
    const startedAt = performance.now();
    this.#running = await startStandalone(this.directory, this.#settings);
    return performance.now() - startedAt;
  }

  /** Creates a link. @returns its code, `undefined` when the API refuses. */
  async createLink(): Promise<string | undefined> {
    const response = await this.running.call('POST', '/api/v1/links', {
      original_url: 'https://example.com/',
    });
    if (response.status !== 201) return undefined;
    return ((await response.json()) as { short_code: string }).short_code;
  }

  visit(code: string, perSecond: number): Visitors {
    return sendVisitors({ url: `${this.running.url}/${code}`, perSecond });
  }

  /** The processes of its database, the oldest first. */
  databaseProcesses(): number[] {
    const cluster = join(this.directory, 'postgres', 'cluster');
    const { dev, ino } = statSync(cluster);
    return readdirSync('/proc')
      .map(Number)
      .filter((pid) => {
        const cwd = pid > 1 && statSync(`/proc/${pid}/cwd`, { throwIfNoEntry: false });
        return cwd && cwd.dev === dev && cwd.ino === ino;
      });
  }

  /** Kills it and every process of its database at once. */
  async killAll(): Promise<void> {
    const processes = this.databaseProcesses();
    const ended = this.running.end('SIGKILL');
    signal(processes, 'SIGKILL');
    await ended;
  }

  /** @returns its exit code. */
  async end(signal: NodeJS.Signals): Promise<number | null> {
    return (await this.#running?.end(signal)) ?? null;
  }

  /** Works on its database, while it runs. */
  async withSql<T>(work: (sql: postgres.Sql) => Promise<T>): Promise<T> {
    const folder = join(this.directory, 'postgres');
    const sql = postgres({
      path: join(folder, 'cluster/.s.PGSQL.5432'),
      user: 'terse',
      password: readFileSync(join(folder, 'password'), 'utf8'),
      database: 'postgres',
      max: 1,
      onnotice: () => {},
    });
    try {
      return await work(sql);
    } finally {
      await sql.end({ timeout: 1 });
    }
  }

  /**
   * Waits until each answered visit is stored once, and the link's count is the number of stored visits.
   * @param but how many answered visits may be lost, and how many visits without an answer may be stored.
   * @returns the number of stored visits.
   */
  async expectEachStoredOnce(
    code: string,
    answered: ReadonlySet<number>,
    but: Differences = {},
  ): Promise<number> {
    const { lost = 0, unanswered = 0 } = but;
    return eventually(
      () =>
        this.withSql(async (sql) => {
          const { stored, missing, surplus } = await compareStored(sql, code, answered);
          assert.ok(missing <= lost, `${missing} answered visits are missing`);
          assert.ok(surplus <= unanswered, `${surplus} visits are stored that nobody made`);
          const ahead = (await countOf(sql, code)) - stored;
          // Lost visits are taken back from the count after a day.
          assert.ok(ahead >= 0 && ahead <= missing, `the count is ${ahead} ahead of the stored visits`);
          return stored;
        }),
      QUIET_WITHIN_MS,
    );
  }
}

interface Differences {
  readonly lost?: number;
  readonly unanswered?: number;
}
