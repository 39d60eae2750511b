import { type Kysely, sql } from 'kysely';
import { makeRole } from './make-role.ts';

/**
 * One group role for each function, with only the rights that it needs. A login is a member of one of them. Only
 * migrations use the owner of the tables.
 */
const GRANTS = {
  terse_redirect: ['select on links'],
  terse_links: [
    'select on links, counter_batches, api_keys',
    // Not visit_count: only the flush counts.
    `insert (short_code, original_url, redirect_status, expires_at, pinned, title, tags, created_at, updated_at,
      readable_url, folded_title) on links`,
    `update (original_url, redirect_status, expires_at, pinned, title, tags, version, updated_at, deleted_at,
      readable_url, folded_title) on links`,
  ],
  terse_stats: ['select on links, api_keys, visits, hourly_rollups, rollup_deltas, monthly_rollups'],
  terse_visit_writer: [
    'insert on visits, orphan_visits, rollup_deltas',
    // For "on conflict" and "returning".
    'select (id, short_code) on visits',
    'select (id) on orphan_visits',
    'select (short_code) on links',
  ],
  terse_counter_flush: [
    'select (short_code, visit_count), update (visit_count) on links',
    'select, insert, delete on counter_batches',
    'select, delete on rollup_deltas',
    'select, insert, update on monthly_rollups, hourly_rollups',
    'select on visit_totals',
    'select, insert, update, delete on counts_to_compare, count_surpluses, count_progress',
    'execute on function ensure_visit_partition(date), whole_or_nothing(boolean)',
  ],
};

const OWN_FUNCTIONS = [
  'ensure_visit_partition(date)',
  'whole_or_nothing(boolean)',
  'total_visits_after_insert()',
  'total_visits_after_update()',
];

/** Makes the roles, and grants each its rights. */
export async function makeRoles(db: Kysely<unknown>): Promise<void> {
  for (const name of OWN_FUNCTIONS) {
    await sql`revoke execute on function ${sql.raw(name)} from public`.execute(db);
  }
  for (const [role, grants] of Object.entries(GRANTS)) await makeRole(db, role, grants);
}
