import { type Kysely, sql } from 'kysely';

/**
 * Columns for search beyond ASCII. `fillSearchColumns` fills them; the release before ignores them, and its links are
 * found as that release found them.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`alter table urls add column readable_url text, add column folded_title text`.execute(db);
  await sql`
    grant insert (readable_url, folded_title), update (readable_url, folded_title) on urls to terse_links
  `.execute(db);
}
