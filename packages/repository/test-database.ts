import { randomUUID } from 'node:crypto';
import { type Kysely, sql } from 'kysely';
import { inject } from 'vitest';
import type { OpenDatabase } from './open-database.ts';
import { openPostgres } from './postgres.ts';
import type { Database } from './schema.ts';
import { TABLE_NAMES } from './tables.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** URL of the PostgreSQL of the run, with a superuser. */
    testServer: string;
  }
}

/** The name of the migrated, empty database on that server, of which tests get copies. */
export const MIGRATED = 'migrated';

const POOL_SIZE = 5;
const STATEMENT_TIMEOUT_MS = 30_000;

/** A database for one test. */
export interface TestDatabase extends OpenDatabase {
  readonly url: string;
}

/** Makes a migrated, empty database, which is dropped when it is closed. */
export function openTestDatabase(): Promise<TestDatabase> {
  return openCopyOf(MIGRATED);
}

/** Makes a database without any table, which is dropped when it is closed. */
export function openBareDatabase(): Promise<TestDatabase> {
  return openCopyOf('template0');
}

async function openCopyOf(template: string): Promise<TestDatabase> {
  const server = inject('testServer');
  const name = `test_${randomUUID()}`;
  const url = await createDatabase(server, name, template);
  const database = openPostgres({ ...OPTIONS, url });
  return {
    ...database,
    url,
    close: async () => {
      await database.close();
      await onServer(server, (db) => sql`drop database ${sql.id(name)} with (force)`.execute(db));
    },
  };
}

/**
 * Makes a database as a copy of another one.
 * @returns its URL.
 */
export async function createDatabase(server: string, name: string, template: string): Promise<string> {
  await onServer(server, (db) =>
    sql`create database ${sql.id(name)} template ${sql.id(template)}`.execute(db),
  );
  const url = new URL(server);
  url.pathname = name;
  return url.href;
}

const OPTIONS = { name: 'tests', poolSize: POOL_SIZE, statementTimeoutMs: STATEMENT_TIMEOUT_MS };

async function onServer(url: string, work: (db: Kysely<Database>) => Promise<unknown>): Promise<void> {
  const { db, close } = openPostgres({ ...OPTIONS, url, poolSize: 1 });
  try {
    await work(db);
  } finally {
    await close();
  }
}

/** Empties every table. */
export async function emptyDatabase(db: Kysely<Database>): Promise<void> {
  await sql`truncate ${sql.join(TABLE_NAMES.map((name) => sql.table(name)))}`.execute(db);
}
