import type { Kysely } from 'kysely';
import { Migrator } from 'kysely/migration';
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

/** Brings the schema up to date; the names of the migrations that were applied. */
export async function migrate<T>(db: Kysely<T>): Promise<string[]> {
  const migrator = new Migrator({ db, provider: { getMigrations: () => Promise.resolve(migrations) } });
  const { error, results = [] } = await migrator.migrateToLatest();
  if (error) throw new Error('The database could not be migrated.', { cause: error });
  await fillSearchColumns(db);
  return results.map((result) => result.migrationName);
}
