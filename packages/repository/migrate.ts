import {
  DEFAULT_MIGRATION_LOCK_TABLE,
  DEFAULT_MIGRATION_TABLE,
  type Kysely,
  MIGRATION_LOCK_ID,
  sql,
  type Transaction,
} from 'kysely';
import { fillSearchColumns } from './fill-search-columns.ts';
import * as links from './migrations/0001-links.ts';
import * as visits from './migrations/0002-visits.ts';
import * as roles from './migrations/0003-roles.ts';
import * as orphanVisits from './migrations/0004-orphan-visits.ts';
import * as visitTallies from './migrations/0005-visit-tallies.ts';
import * as countDifferences from './migrations/0006-count-differences.ts';
import * as linkSearch from './migrations/0008-link-search.ts';

const migrations = {
  '0001-links': links,
  '0002-visits': visits,
  '0003-roles': roles,
  '0004-orphan-visits': orphanVisits,
  '0005-visit-tallies': visitTallies,
  '0006-count-differences': countDifferences,
  '0008-link-search': linkSearch,
};

const LOCK_OPTIONS = { lockTable: DEFAULT_MIGRATION_LOCK_TABLE, lockRowId: MIGRATION_LOCK_ID };

/** Which migrations were applied, as Kysely's own migrator keeps it; that one cannot work within a transaction. */
const LEDGER = sql.table(DEFAULT_MIGRATION_TABLE);

/**
 * Brings the schema up to date, in one transaction, so that it also works behind a pooler.
 * @returns the names of the migrations that were applied.
 * @throws Error when a migration fails, or when the database has one of a newer release; then nothing has changed.
 */
export async function migrate<T>(db: Kysely<T>): Promise<string[]> {
  const applied = await db.transaction().execute(async (transaction) => {
    // Locked before anything is read, so that a second process sees the tables of the first.
    await transaction.getExecutor().adapter.acquireMigrationLock(transaction, LOCK_OPTIONS);
    return applyMissing(transaction);
  });
  await fillSearchColumns(db);
  return applied;
}

async function applyMissing<T>(db: Transaction<T>): Promise<string[]> {
  await sql`create table if not exists ${LEDGER} (name varchar(255) primary key, timestamp varchar(255) not null)`.execute(
    db,
  );
  const { rows } = await sql<{ name: string }>`select name from ${LEDGER}`.execute(db);
  const done = new Set(rows.map(({ name }) => name));
  const unknown = [...done].find((name) => !Object.hasOwn(migrations, name));
  if (unknown !== undefined) {
    throw new Error(`The database is of a newer release: this one does not know its migration ${unknown}.`);
  }
  const missing = Object.entries(migrations).filter(([name]) => !done.has(name));
  for (const [name, { up }] of missing) {
    try {
      // Migrations are about tables that the schema of this release may not have any more.
      await up(db as Transaction<unknown>);
    } catch (error) {
      throw new Error('The database could not be migrated.', { cause: error });
    }
    await sql`
      insert into ${LEDGER} values (${name}, to_char(now() at time zone 'utc', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'))
    `.execute(db);
  }
  return missing.map(([name]) => name);
}
