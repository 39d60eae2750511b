import type { Kysely } from 'kysely';
import { DEFAULT_MIGRATION_LOCK_TABLE, MIGRATION_LOCK_ID, Migrator } from 'kysely/migration';
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

/**
 * Brings the schema up to date, in one transaction, so that it also works behind a pooler.
 * @returns the names of the migrations that were applied.
 */
export async function migrate<T>(db: Kysely<T>): Promise<string[]> {
  const provider = { getMigrations: () => Promise.resolve(migrations) };
  const applied = await db.transaction().execute(async (transaction) => {
    // Locked before anything is read, so that a second process sees the tables of the first.
    await transaction.getExecutor().adapter.acquireMigrationLock(transaction, LOCK_OPTIONS);
    const { error, results = [] } = await new Migrator({ db: transaction, provider }).migrateToLatest();
    if (error) throw new Error('The database could not be migrated.', { cause: error });
    return results.map((result) => result.migrationName);
  });
  await fillSearchColumns(db);
  return applied;
}
