import { type Kysely, sql } from 'kysely';

/**
 * One group role per function, with what that function does and nothing more. A login is made a member of one of them;
 * the owner of the tables is for migrations only.
 */
const GRANTS = {
  terse_redirect: ['select on urls'],
  terse_links: [
    'select on urls, counter_batches, api_keys',
    // Not visit_count: only the flush counts.
    `insert (short_code, original_url, redirect_status, expires_at, pinned, title, tags, created_at, updated_at) on urls`,
    `update (original_url, redirect_status, expires_at, pinned, title, tags, version, updated_at, deleted_at) on urls`,
  ],
  terse_stats: ['select on urls, api_keys, visits, visit_rollups, visit_breakdowns'],
  terse_visit_writer: [
    'insert on visits',
    // What "on conflict" and "returning" read.
    'select (id, short_code) on visits',
    'select, insert, update on visit_rollups, visit_breakdowns',
  ],
  terse_counter_flush: [
    'select (short_code, visit_count), update (visit_count) on urls',
    'select, insert on counter_batches',
    'select on visit_rollups',
    'execute on function ensure_visit_partition(date)',
  ],
};

export async function up(db: Kysely<unknown>): Promise<void> {
  // Partitions are made with the rights of the owner: the flush may add a day, and nothing else.
  await sql`alter function ensure_visit_partition(date) security definer`.execute(db);
  await sql`alter function ensure_visit_partition(date) set search_path = public, pg_temp`.execute(db);
  await sql`revoke execute on function ensure_visit_partition(date) from public`.execute(db);
  for (const [role, grants] of Object.entries(GRANTS)) {
    // Roles belong to the whole server: another database, or another migration, may make the same one just now.
    await sql`
      do $$ begin
        if not exists (select from pg_roles where rolname = ${sql.lit(role)}) then
          create role ${sql.id(role)} nologin;
        end if;
      exception when duplicate_object or unique_violation then null;
      end $$
    `.execute(db);
    for (const grant of grants) await sql`grant ${sql.raw(grant)} to ${sql.id(role)}`.execute(db);
  }
}
