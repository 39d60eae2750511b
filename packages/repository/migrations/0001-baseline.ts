import { type Kysely, sql } from 'kysely';
import { makeRoles } from './0001-baseline-roles.ts';

/** The schema of the first release. From there on, migrations only add. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await makeLinks(db);
  await makeVisits(db);
  await makeRollups(db);
  await makeCounts(db);
  await makeRoles(db);
}

async function makeLinks(db: Kysely<unknown>): Promise<void> {
  await sql`
    create table links (
      short_code text primary key,
      original_url text not null,
      redirect_status smallint not null default 307 check (redirect_status in (301, 302, 307, 308)),
      visit_count bigint not null default 0,
      expires_at timestamptz,
      pinned boolean not null default false,
      title text,
      tags text[] not null default '{}',
      version integer not null default 1,
      created_at timestamptz not null,
      updated_at timestamptz not null,
      deleted_at timestamptz,
      readable_url text,
      folded_title text
    ) with (fillfactor = 80)
  `.execute(db);
  // Not partial, because deleted links are listed, too. No index has visit_count, so counting stays a heap-only update.
  await sql`create index links_newest on links (created_at desc, short_code desc)`.execute(db);
  await sql`create index links_tags on links using gin (tags)`.execute(db);
  await sql`
    create table api_keys (
      key_hash text primary key,
      name text not null,
      created_at timestamptz not null,
      updated_at timestamptz not null,
      deleted_at timestamptz
    )
  `.execute(db);
}

async function makeVisits(db: Kysely<unknown>): Promise<void> {
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
  // Visits of codes that never were a link. They are in no report.
  await sql`
    create table orphan_visits (
      id uuid primary key,
      short_code text not null,
      ip text,
      timestamp timestamptz not null,
      user_agent text,
      referrer text,
      country text,
      is_bot boolean not null
    )
  `.execute(db);
  await sql`
    create function first_uuid_of(day date) returns uuid language sql immutable as $$
      select rpad(lpad(to_hex(extract(epoch from day)::bigint * 1000), 12, '0'), 32, '0')::uuid
    $$
  `.execute(db);
  // Runs with the rights of the owner: the counter-flush may add a day, and nothing else.
  await sql`
    create function ensure_visit_partition(day date) returns void language plpgsql
    security definer set search_path = public, pg_temp as $$
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
}

async function makeRollups(db: Kysely<unknown>): Promise<void> {
  await sql`
    create table rollup_deltas (
      shard smallint not null,
      id bigint generated always as identity,
      deltas json not null,
      primary key (shard, id)
    )
  `.execute(db);
  await sql`
    create table hourly_rollups (
      short_code text not null,
      hour timestamptz not null,
      visits bigint not null,
      bot_visits bigint not null,
      primary key (short_code, hour)
    ) with (fillfactor = 80)
  `.execute(db);
  await sql`
    create table monthly_rollups (
      short_code text not null,
      month date not null,
      version integer not null,
      data json not null,
      primary key (short_code, month)
    ) with (fillfactor = 80)
  `.execute(db);
  // lz4 compresses and expands several times faster than the default, but not every server was built with it.
  await sql`
    do $$ begin
      alter table monthly_rollups alter column data set compression lz4;
    exception when feature_not_supported then null;
    end $$
  `.execute(db);
  await sql`
    create function whole_or_nothing(is_whole boolean) returns void language plpgsql as $$
    begin
      if not is_whole then
        raise serialization_failure using message = 'Something else changed the same rows in between.';
      end if;
    end
    $$
  `.execute(db);
}

async function makeCounts(db: Kysely<unknown>): Promise<void> {
  await sql`
    create table counter_batches (
      id text primary key,
      applied_at timestamptz not null
    )
  `.execute(db);
  await sql`create index counter_batches_applied on counter_batches (applied_at)`.execute(db);
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
  await totalAfter(db, 'insert', 'select short_code, visits from added');
  await totalAfter(
    db,
    'update',
    'select short_code, visits from added union all select short_code, -visits from replaced',
  );
}

/** Makes triggers that maintain totals, and mark the links whose counts are to be compared with them. */
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
  const replaced = event === 'update' ? sql`old table as replaced` : sql``;
  await sql`
    create trigger ${name} after ${sql.raw(event)} on hourly_rollups
    referencing new table as added ${replaced}
    for each statement execute function ${name}()
  `.execute(db);
}
