import {
  DEFAULT_MIGRATION_LOCK_TABLE,
  DEFAULT_MIGRATION_TABLE,
  type Kysely,
  MIGRATION_LOCK_ID,
  sql,
  type Transaction,
} from 'kysely';
import { DomainError } from '@terse/core/errors';
import { migrations } from './migrations/all.ts';
import { isNotPermitted } from './sql-state.ts';

/** The names of all migrations, in order. */
export const MIGRATIONS = Object.keys(migrations);

const LOCK_OPTIONS = { lockTable: DEFAULT_MIGRATION_LOCK_TABLE, lockRowId: MIGRATION_LOCK_ID };

/** The applied migrations, in the table of Kysely's migrator, which itself cannot work within a transaction. */
const LEDGER = sql.table(DEFAULT_MIGRATION_TABLE);

/**
 * Brings the schema up to date, in one transaction, so that it also works behind a pooler.
 * @returns the names of the migrations that were applied.
 * @throws Error when a migration fails, or when the database has one of a newer release; then nothing has changed.
 */
export async function migrate<T>(db: Kysely<T>): Promise<string[]> {
  return db.transaction().execute(async (transaction) => {
    await lockMigrations(transaction);
    return migrateWithin(transaction);
  });
}

/** Waits until no other process migrates. Call it before any read, so that the read sees the tables of that process. */
export async function lockMigrations<T>(transaction: Transaction<T>): Promise<void> {
  await transaction.getExecutor().adapter.acquireMigrationLock(transaction, LOCK_OPTIONS);
}

/**
 * Applies the migrations up to `last`, or all, under the lock.
 * @returns the names of the migrations that were applied.
 * @throws Error when a migration fails, or when the database has one of a newer release.
 */
export async function migrateWithin<T>(db: Transaction<T>, last?: string): Promise<string[]> {
  await makeLedger(db);
  const done = await appliedMigrations(db);
  const unknown = newerMigration(done);
  if (unknown !== undefined) throw new Error(newerReleaseText(unknown));
  const wanted = last === undefined ? MIGRATIONS : MIGRATIONS.slice(0, MIGRATIONS.indexOf(last) + 1);
  const missing = Object.entries(migrations).filter(
    ([name]) => wanted.includes(name) && !done.includes(name),
  );
  for (const [name, { up }] of missing) {
    try {
      // A migration may name tables that the schema of this release does not have.
      await up(db as Transaction<unknown>);
    } catch (error) {
      throw notMigrated(error);
    }
    await sql`
      insert into ${LEDGER} values (${name}, to_char(now() at time zone 'utc', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'))
    `.execute(db);
  }
  return missing.map(([name]) => name);
}

async function makeLedger<T>(db: Transaction<T>): Promise<void> {
  try {
    await sql`
      create table if not exists ${LEDGER} (name varchar(255) primary key, timestamp varchar(255) not null)
    `.execute(db);
  } catch (error) {
    throw notMigrated(error);
  }
}

function notMigrated(cause: unknown): unknown {
  return cause instanceof DomainError ? cause : new Error('The database could not be migrated.', { cause });
}

/** The names of the applied migrations, in order, with those that only a newer release knows. */
export async function appliedMigrations<T>(db: Kysely<T>): Promise<string[]> {
  const { rows: ledger } = await sql`
    select from pg_class where oid = to_regclass(${DEFAULT_MIGRATION_TABLE})
  `.execute(db);
  if (ledger.length === 0) return [];
  const { rows } = await sql<{ name: string }>`select name from ${LEDGER} order by name`.execute(db);
  return rows.map(({ name }) => name);
}

/**
 * The first migration of this release that the database lacks.
 * @returns `undefined` when it lacks none, and when the login may not read the migrations.
 */
export async function missingMigration<T>(db: Kysely<T>): Promise<string | undefined> {
  try {
    const applied = await appliedMigrations(db);
    return MIGRATIONS.find((name) => !applied.includes(name));
  } catch (error) {
    if (isNotPermitted(error)) return undefined;
    throw error;
  }
}

/** Says what to do about a database with this migration of a newer release. */
export function newerReleaseText(migration: string): string {
  return `The database is of a newer release, which has the migration ${migration}. Use that release.`;
}

/** The first of these migrations that only a newer release knows; `undefined` when there is none. */
export function newerMigration(names: readonly string[]): string | undefined {
  return names.find((name) => !Object.hasOwn(migrations, name));
}
