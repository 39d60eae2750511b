import { readFile } from 'node:fs/promises';
import { type Kysely, sql } from 'kysely';
import { inject } from 'vitest';
import type { OpenDatabase } from './open-database.ts';
import { openPgliteInMemory } from './pglite.ts';
import type { Database } from './schema.ts';

/** A migrated, empty database of one's own, in about a third of a second. */
export async function openTestDatabase(): Promise<OpenDatabase> {
  return openPgliteInMemory(new Blob([await readFile(inject('migratedCluster'))]));
}

/** Empties every table, and takes the partitions of single days away. */
export async function emptyDatabase(db: Kysely<Database>): Promise<void> {
  await sql`
    truncate urls, api_keys, visits, orphan_visits, visit_tallies, visit_months, visit_rollups, counter_batches,
      visit_totals, counts_to_compare, count_surpluses, count_progress
  `.execute(db);
}
