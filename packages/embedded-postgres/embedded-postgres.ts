import { chmodSync, existsSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type DirectoryLock, lockDirectory, tryLockDirectory } from '@terse/files/directory-lock';
import { makeDirectory } from '@terse/files/make-directory';
import { clusterIn, inspectFolder, makeCluster } from './cluster.ts';
import { type Identity, serverIdentity } from './identity.ts';
import { openWithoutPassword, protect, readPassword } from './password.ts';
import { findPrograms, type Programs } from './programs.ts';
import { type Server, startServer } from './server.ts';
import { serverSettings, type Tuning } from './server-settings.ts';
import { answers, endSurvivor, socketIn } from './survivor.ts';

export type EmbeddedPostgresEvent =
  | { readonly kind: 'log'; readonly severity: string; readonly text: string }
  /** The server ended by itself, or could not be started again; it is started again in a second. */
  | { readonly kind: 'down'; readonly reason: string }
  | { readonly kind: 'up again' };

export interface EmbeddedPostgresOptions extends Tuning {
  readonly directory: string;
  readonly onEvent?: (event: EmbeddedPostgresEvent) => void;
}

export interface EmbeddedPostgres {
  /** `postgres://…?host=…`, with a password. */
  readonly url: string;
  /** Stops the server, and gives the folder back. */
  stop(): Promise<void>;
}

const AGAIN_AFTER_MS = 1000;
const FOUND_WITHIN_MS = 10_000;
const POLL_MS = 50;
/** What the address of a local socket holds on every system. */
const MAX_SOCKET_BYTES = 103;
/** Others may pass through the folders above the cluster, and see nothing: the server is one of them where this is root. */
const PASSAGE = 0o711;

/**
 * Starts a PostgreSQL server of one's own on the database in a folder, and makes both where they are not there. The
 * server is started again when it ends, until it is stopped; it ends with this process.
 * @throws Error in one line when another process has the folder, when the folder holds something else, or when the
 * server cannot be started.
 */
export async function startEmbeddedPostgres(options: EmbeddedPostgresOptions): Promise<EmbeddedPostgres> {
  const directory = resolve(options.directory);
  const programs = findPrograms();
  inspectFolder(directory);
  makePassage(directory);
  return startIn(directory, lockDirectory(directory), programs, options);
}

/**
 * The same, for a command beside the product: where that has the folder, its server is used, and stopping leaves it as
 * it is.
 * @throws Error in one line, as `startEmbeddedPostgres` does, and where the folder has no database.
 */
export async function joinEmbeddedPostgres(options: EmbeddedPostgresOptions): Promise<EmbeddedPostgres> {
  const directory = resolve(options.directory);
  const programs = findPrograms();
  inspectFolder(directory);
  const cluster = clusterIn(directory);
  if (!existsSync(cluster)) throw new Error(`There is no database in ${directory}.`);
  const lock = tryLockDirectory(directory);
  if (lock) return startIn(directory, lock, programs, options);
  const deadline = performance.now() + FOUND_WITHIN_MS;
  const socket = openSocketFolder(cluster);
  while (!(await answers(socketIn(socket.path)))) {
    if (performance.now() > deadline) {
      socket.close();
      throw new Error(`The process that has ${directory} runs no database that answers.`);
    }
    await sleep(POLL_MS);
  }
  return {
    url: urlOf(socket.path, readPassword(directory)),
    stop: () => {
      socket.close();
      return Promise.resolve();
    },
  };
}

function makePassage(directory: string): void {
  if (process.getuid?.() !== 0) {
    makeDirectory(directory);
    return;
  }
  makeDirectory(directory, PASSAGE);
  chmodSync(directory, PASSAGE);
}

async function startIn(
  directory: string,
  lock: DirectoryLock,
  programs: Programs,
  options: EmbeddedPostgresOptions,
): Promise<EmbeddedPostgres> {
  const cluster = clusterIn(directory);
  const identity = serverIdentity(cluster);
  try {
    await endSurvivor(cluster);
    if (!existsSync(cluster)) await makeCluster(programs, directory, identity);
    openWithoutPassword(directory, cluster, identity);
    const socket = openSocketFolder(cluster);
    try {
      const keeper = await keepServer(programs, cluster, identity, options);
      try {
        await protect(directory, cluster, (password) => urlOf(socket.path, password), identity);
      } catch (error) {
        await keeper.stop();
        throw error;
      }
      return {
        url: urlOf(socket.path, readPassword(directory)),
        stop: async () => {
          await keeper.stop();
          socket.close();
          lock.unlock();
        },
      };
    } catch (error) {
      socket.close();
      throw error;
    }
  } catch (error) {
    lock.unlock();
    throw error;
  }
}

/** Keeps a server running until it is stopped. */
async function keepServer(
  { postgres }: Programs,
  cluster: string,
  identity: Identity | undefined,
  { onEvent = () => {}, ...tuning }: EmbeddedPostgresOptions,
): Promise<{ stop(): Promise<void> }> {
  const start = () =>
    startServer({
      postgres,
      cluster,
      identity,
      settings: serverSettings(tuning),
      onLine: (line) => {
        const [, severity = 'LOG', text = line] = /^([A-Z]+): +(.*)/.exec(line) ?? [];
        onEvent({ kind: 'log', severity, text });
      },
    });
  const stopping = new AbortController();
  let server: Server | undefined = await start();

  async function keep(): Promise<void> {
    while (server) {
      const reason = await server.ended;
      if (stopping.signal.aborted) return;
      server = undefined;
      onEvent({ kind: 'down', reason: `it ended with ${String(reason)}` });
      while (!server) {
        await sleep(AGAIN_AFTER_MS, undefined, { signal: stopping.signal });
        try {
          await endSurvivor(cluster);
          server = await start();
          onEvent({ kind: 'up again' });
        } catch (error) {
          onEvent({ kind: 'down', reason: error instanceof Error ? error.message : String(error) });
        }
      }
    }
  }

  const keeping = keep().catch((error: unknown) => {
    if (!stopping.signal.aborted) throw error;
  });
  return {
    stop: async () => {
      stopping.abort();
      await server?.stop();
      await keeping;
      // It was just being started again.
      await server?.stop();
    },
  };
}

/** A folder through which the socket of a cluster is reached, by a link where the path is too long for its address. */
function openSocketFolder(cluster: string): { readonly path: string; close(): void } {
  if (Buffer.byteLength(socketIn(cluster)) <= MAX_SOCKET_BYTES) return { path: cluster, close: () => {} };
  const folder = mkdtempSync(join(tmpdir(), 'terse-'));
  const link = join(folder, 'cluster');
  symlinkSync(cluster, link);
  return { path: link, close: () => rmSync(folder, { recursive: true, force: true }) };
}

function urlOf(socketFolder: string, password: string): string {
  return `postgres://terse:${password}@localhost/postgres?host=${encodeURIComponent(socketFolder)}`;
}
