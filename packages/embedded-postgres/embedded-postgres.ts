import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type DirectoryLock, lockDirectory, tryLockDirectory } from '@terse/platform/directory-lock';
import { removeEmpty } from '@terse/platform/make-directory';
import { checkDatabase } from './check-database.ts';
import { adoptCluster, makeCluster } from './cluster.ts';
import { explainDamage } from './damage.ts';
import { clusterIn, inspectFolder, makeFolder } from './folder.ts';
import { serverIdentity } from './identity.ts';
import { type EmbeddedPostgresEvent, keepServer } from './keeper.ts';
import { openWithoutPassword, protect, readPassword } from './password.ts';
import { findPrograms, type Programs } from './programs.ts';
import { serverSettings, type Tuning } from './server-settings.ts';
import { openSocketFolder } from './socket-folder.ts';
import { answers, endSurvivor, socketIn } from './survivor.ts';

export type { EmbeddedPostgresEvent } from './keeper.ts';

export interface EmbeddedPostgresOptions extends Tuning {
  readonly directory: string;
  readonly onEvent?: (event: EmbeddedPostgresEvent) => void;
}

export interface EmbeddedPostgres {
  /** `postgres://…?host=…`, with a password. */
  readonly url: string;
  /** Stops the server, and releases the folder. */
  stop(): Promise<void>;
}

const FOUND_WITHIN_MS = 10_000;
const POLL_MS = 50;

/**
 * Starts a private PostgreSQL server on the database in a folder, and makes folder and database when they are missing.
 * A server that ends is started again, until `stop`. It ends with this process.
 * @throws Error in one line when another process has the folder, when the folder holds something else, or when the
 * server cannot be started.
 */
export async function startEmbeddedPostgres(options: EmbeddedPostgresOptions): Promise<EmbeddedPostgres> {
  const directory = resolve(options.directory);
  const programs = findPrograms();
  inspectFolder(directory);
  const made = makeFolder(directory);
  try {
    return await startIn(directory, lockDirectory(directory), programs, options);
  } catch (error) {
    // A failed first start leaves nothing.
    removeEmpty(made);
    throw error;
  }
}

/**
 * Does the same for a command beside the product. When the product has the folder, the command uses its server, and
 * `stop` leaves it running.
 * @throws Error in one line, as `startEmbeddedPostgres` does, and when the folder has no database.
 */
export async function joinEmbeddedPostgres(options: EmbeddedPostgresOptions): Promise<EmbeddedPostgres> {
  const directory = resolve(options.directory);
  const programs = findPrograms();
  inspectFolder(directory);
  const cluster = clusterIn(directory);
  if (!existsSync(cluster)) throw new Error(`There is no database in ${directory}. Make one with npm start.`);
  const lock = tryLockDirectory(directory);
  if (lock) return startIn(directory, lock, programs, options);
  const deadline = performance.now() + FOUND_WITHIN_MS;
  const socket = openSocketFolder(cluster);
  while (!(await answers(socketIn(socket.path)))) {
    if (performance.now() > deadline) {
      socket.close();
      throw new Error(`Another process has locked ${directory}, but its database does not answer.`);
    }
    await sleep(POLL_MS);
  }
  return {
    url: urlOf(socket.path, readPassword(directory) ?? ''),
    stop: () => {
      socket.close();
      return Promise.resolve();
    },
  };
}

/** Steps that undo a start, in reverse order. */
class Taken {
  readonly #undo: (() => Promise<void> | void)[] = [];

  add(undo: () => Promise<void> | void): void {
    this.#undo.push(undo);
  }

  async giveBack(): Promise<void> {
    for (let undo = this.#undo.pop(); undo; undo = this.#undo.pop()) await undo();
  }
}

async function startIn(
  directory: string,
  lock: DirectoryLock,
  programs: Programs,
  { onEvent = () => {}, ...tuning }: EmbeddedPostgresOptions,
): Promise<EmbeddedPostgres> {
  const cluster = clusterIn(directory);
  const taken = new Taken();
  taken.add(() => (existsSync(cluster) ? lock.unlock() : lock.remove()));
  let isOpen = false;
  try {
    const identity = serverIdentity(cluster);
    await endSurvivor(cluster);
    if (!existsSync(cluster)) await makeCluster(programs, directory, identity);
    adoptCluster(cluster, identity);
    openWithoutPassword(directory, cluster, identity);
    const socket = openSocketFolder(cluster);
    taken.add(() => socket.close());
    const keeper = await keepServer({
      postgres: programs.postgres,
      cluster,
      identity,
      settings: serverSettings(tuning),
      isInPlace: () => lock.isIntact(),
      // Until the database is open, the thrown error has its faults.
      onEvent: (event) => {
        if (isOpen) onEvent(event);
        else if (event.kind === 'log') onEvent({ ...event, severity: 'LOG' });
      },
    });
    taken.add(() => (isOpen ? keeper.stop() : keeper.drop()));
    await protect(directory, cluster, (password) => urlOf(socket.path, password), identity);
    const url = urlOf(socket.path, readPassword(directory) ?? '');
    await checkDatabase(url, directory);
    isOpen = true;
    return { url, stop: () => taken.giveBack() };
  } catch (error) {
    await taken.giveBack();
    const explained = explainDamage(error, directory);
    if (explained !== error || !(error instanceof Error && 'code' in error)) throw explained;
    throw new Error(`The database in ${directory} cannot be opened.`, { cause: error });
  }
}

function urlOf(socketFolder: string, password: string): string {
  return `postgres://terse:${password}@localhost/postgres?host=${encodeURIComponent(socketFolder)}`;
}
