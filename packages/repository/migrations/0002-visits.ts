import { type Kysely, sql } from 'kysely';

/** Visits, their rollups, and the ledger of counter batches. */
export async function up(db: Kysely<unknown>): Promise<void> {
  // The day lies in the id (UUIDv7), so one key serves deduplication, partitioning and reading by link.
  await sql`
    create table visits (
      id uuid not null,
      short_code text not null,
      ip text,
      timestamp timestamptz not null,
      user_agent text,
      referrer text,
      country text,
      is_bot boolean not null,
      primary key (short_code, id)
    ) partition by range (id)
  `.execute(db);
  await sql`create table visits_default partition of visits default`.execute(db);
  await sql`
    create function first_uuid_of(day date) returns uuid language sql immutable as $$
      select rpad(lpad(to_hex(extract(epoch from day)::bigint * 1000), 12, '0'), 32, '0')::uuid
    $$
  `.execute(db);
  await sql`
    create function ensure_visit_partition(day date) returns void language plpgsql as $$
    declare
      partition text := 'visits_' || to_char(day, 'YYYYMMDD');
      first uuid := first_uuid_of(day);
      beyond uuid := first_uuid_of(day + 1);
    begin
      if to_regclass(partition) is not null then return; end if;
      perform pg_advisory_xact_lock(hashtext('ensure_visit_partition'));
      if to_regclass(partition) is not null then return; end if;
      execute format('create table %I (like visits including all)', partition);
      -- Attaching refuses while the default partition holds rows of the day, such as those of a clock that ran ahead.
      execute format(
        'with moved as (delete from visits_default where id >= %L and id < %L returning *)
         insert into %I select * from moved', first, beyond, partition);
      execute format('alter table visits attach partition %I for values from (%L) to (%L)', partition, first, beyond);
    end
    $$
  `.execute(db);

  await sql`
    create table visit_rollups (
      short_code text not null,
      hour timestamptz not null,
      visits bigint not null,
      bot_visits bigint not null,
      primary key (short_code, hour)
    ) with (fillfactor = 80)
  `.execute(db);
  await sql`
    create table visit_breakdowns (
      short_code text not null,
      day date not null,
      dimension text not null,
      value text not null,
      visits bigint not null,
      primary key (short_code, day, dimension, value)
    ) with (fillfactor = 80)
  `.execute(db);
  await sql`
    create table counter_batches (
      id text primary key,
      applied_at timestamptz not null
    )
  `.execute(db);
}
