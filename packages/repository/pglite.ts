import { existsSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { PGlite, types } from '@electric-sql/pglite';
import { dataDir as freshCluster } from '@electric-sql/pglite-prepopulatedfs';
import { lockDirectory } from '@terse/files/directory-lock';
import { Kysely, PGliteDialect, type PGliteDialectConfig, sql } from 'kysely';
import type { OpenDatabase } from './open-database.ts';
import type { Database } from './schema.ts';
import { parseTimestamp } from './timestamp-text.ts';

const parsers = { [types.TIMESTAMPTZ]: parseTimestamp };

/**
 * PostgreSQL inside this process, its data in a folder that no other process may use meanwhile.
 * @throws Error naming the folder when another process has it, or when what is in it cannot be opened.
 */
export async function openPglite(directory: string): Promise<OpenDatabase> {
  const lock = lockDirectory(directory);
  try {
    const database = open(await openCluster(directory));
    return {
      ...database,
      close: async () => {
        await database.close();
        lock.unlock();
      },
    };
  } catch (error) {
    lock.unlock();
    // The file system of PGlite throws values that are no `Error` and have no useful text.
    throw new Error(`The embedded database in ${directory} cannot be opened.`, { cause: error });
  }
}

export interface InMemoryDatabase extends OpenDatabase {
  /** The whole cluster, for `openPgliteInMemory` to start from. */
  dump(): Promise<Blob>;
}

/** PostgreSQL inside this process, gone with it. */
export async function openPgliteInMemory(contents?: Blob): Promise<InMemoryDatabase> {
  const pglite = await PGlite.create({ loadDataDir: contents ?? (await freshCluster()), parsers });
  return { ...open(pglite), dump: () => pglite.dumpDataDir('none') };
}

function open(pglite: PGlite): OpenDatabase {
  const db = new Kysely<Database>({ dialect: new PGliteDialect({ pglite: inTurn(pglite) }) });
  return { db, probe: () => sql`select 1`.execute(db), close: () => db.destroy() };
}

/**
 * Statements run on this thread. Hundreds that wait would follow one upon the other, and nothing else would be read
 * from a socket meanwhile; so everything else has its turn between two of them.
 */
function inTurn(pglite: PGlite): PGliteDialectConfig['pglite'] {
  let last: Promise<unknown> = Promise.resolve();
  return {
    get closed() {
      return pglite.closed;
    },
    get ready() {
      return pglite.ready;
    },
    waitReady: pglite.waitReady,
    close: () => pglite.close(),
    transaction: (work) => pglite.transaction(work),
    query: (...args) => {
      const result = last.then(() => nextTurn()).then(() => pglite.query(...args));
      last = result.catch(() => {});
      return result as ReturnType<typeof pglite.query<never>>;
    },
  };
}

/**
 * A new cluster is not made by `initdb`, which takes four seconds, but unpacked. The mark that it is complete is made
 * last: what a killed process left half unpacked is thrown away.
 */
async function openCluster(directory: string): Promise<PGlite> {
  const cluster = join(directory, 'cluster');
  const complete = join(directory, 'complete');
  if (existsSync(complete)) return PGlite.create(cluster, { parsers });
  rmSync(cluster, { recursive: true, force: true });
  const pglite = await PGlite.create({ dataDir: cluster, loadDataDir: await freshCluster(), parsers });
  writeFileSync(complete, '');
  return pglite;
}
