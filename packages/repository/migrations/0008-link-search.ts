import { type Kysely, sql } from 'kysely';

/**
 * What a search finds beyond ASCII. Both columns are empty until `fillSearchColumns` has been there; the release before leaves
 * them alone, and its links are found as they were.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`alter table urls add column readable_url text, add column folded_title text`.execute(db);
  await sql`
    grant insert (readable_url, folded_title), update (readable_url, folded_title) on urls to terse_links
  `.execute(db);
}
