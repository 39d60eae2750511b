import { type Kysely, sql } from 'kysely';

/**
 * Totals to compare counts with, and the differences. Triggers on `visit_rollups` keep totals and marks, so that
 * merges by the release before are included.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    create table visit_totals (
      short_code text primary key,
      visits bigint not null
    ) with (fillfactor = 80)
  `.execute(db);
  // The version lets a mark that is set during a comparison outlive it.
  await sql`
    create table counts_to_compare (
      short_code text primary key,
      version bigint not null default 1
    ) with (fillfactor = 80)
  `.execute(db);
  await sql`
    create table count_surpluses (
      short_code text primary key,
      surplus bigint not null,
      since timestamptz not null
    )
  `.execute(db);
  await sql`create index count_surpluses_since on count_surpluses (since)`.execute(db);
  await sql`
    create table count_progress (
      id boolean primary key default true check (id),
      walked_to text not null default '',
      busy_since timestamptz,
      rested_at timestamptz not null default '-infinity'
    )
  `.execute(db);
  await sql`create index counter_batches_applied on counter_batches (applied_at)`.execute(db);

  await totalAfter(db, 'insert', 'select short_code, visits from added');
  await totalAfter(
    db,
    'update',
    'select short_code, visits from added union all select short_code, -visits from replaced',
  );
  // Creating the triggers locks writers out until this migration commits.
  await sql`
    insert into visit_totals (short_code, visits) select short_code, sum(visits) from visit_rollups group by short_code
  `.execute(db);

  await sql`grant select on visit_totals to terse_counter_flush`.execute(db);
  await sql`grant delete on counter_batches to terse_counter_flush`.execute(db);
  await sql`
    grant select, insert, update, delete on counts_to_compare, count_surpluses, count_progress to terse_counter_flush
  `.execute(db);
}

async function totalAfter(
  db: Kysely<unknown>,
  event: 'insert' | 'update',
  differences: string,
): Promise<void> {
  const name = sql.id(`total_visits_after_${event}`);
  await sql`
    create function ${name}() returns trigger language plpgsql security definer set search_path = public, pg_temp as $$
    begin
      with changed as (
        select short_code, sum(visits)::bigint as visits from (${sql.raw(differences)}) as difference
        group by short_code having sum(visits) <> 0
      ), totalled as (
        insert into visit_totals as total (short_code, visits)
        select short_code, visits from changed order by short_code
        on conflict (short_code) do update set visits = total.visits + excluded.visits
      )
      insert into counts_to_compare as mark (short_code)
      select short_code from changed order by short_code
      on conflict (short_code) do update set version = mark.version + 1;
      return null;
    end
    $$
  `.execute(db);
  await sql`revoke execute on function ${name}() from public`.execute(db);
  const replaced = event === 'update' ? sql`old table as replaced` : sql``;
  await sql`
    create trigger ${name} after ${sql.raw(event)} on visit_rollups
    referencing new table as added ${replaced}
    for each statement execute function ${name}()
  `.execute(db);
}
