import { type Kysely, sql } from 'kysely';

/**
 * What was rolled up visit by visit is tallied batch by batch, and merged many at once: `visit_months` has one row where
 * `visit_breakdowns` had one for each day and value.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    create table visit_tallies (
      bucket smallint not null,
      id bigint generated always as identity,
      tallies json not null,
      primary key (bucket, id)
    )
  `.execute(db);
  await sql`
    create table visit_months (
      short_code text not null,
      month date not null,
      version integer not null,
      data json not null,
      primary key (short_code, month)
    ) with (fillfactor = 80)
  `.execute(db);
  // It compresses and expands several times faster than the usual way, but not every server was built with it.
  await sql`
    do $$ begin
      alter table visit_months alter column data set compression lz4;
    exception when feature_not_supported then null;
    end $$
  `.execute(db);
  await convert(db);
  await sql`drop table visit_breakdowns`.execute(db);

  await sql`
    create function whole_or_nothing(is_whole boolean) returns void language plpgsql as $$
    begin
      if not is_whole then
        raise serialization_failure using message = 'Something else changed the same rows in between.';
      end if;
    end
    $$
  `.execute(db);

  await sql`revoke execute on function whole_or_nothing(boolean) from public`.execute(db);
  await sql`grant execute on function whole_or_nothing(boolean) to terse_counter_flush`.execute(db);
  await sql`revoke all on visit_rollups from terse_visit_writer`.execute(db);
  await sql`grant insert on visit_tallies to terse_visit_writer`.execute(db);
  await sql`grant select, delete on visit_tallies to terse_counter_flush`.execute(db);
  await sql`grant select, insert, update on visit_months, visit_rollups to terse_counter_flush`.execute(db);
  await sql`grant select on visit_tallies, visit_months to terse_stats`.execute(db);
}

async function convert(db: Kysely<unknown>): Promise<void> {
  // Writers of the version before wait here, and then fail and try again until they are replaced.
  await sql`lock table visit_rollups, visit_breakdowns in access exclusive mode`.execute(db);
  await sql`
    with daily as (
      select short_code, (hour at time zone 'UTC')::date as day, sum(visits) as visits, sum(bot_visits) as bot_visits
      from visit_rollups group by 1, 2
    ), totals as (
      select short_code, month,
        json_agg(coalesce(visits, 0) order by day) as visits, json_agg(coalesce(bot_visits, 0) order by day) as bot_visits
      from (select short_code, date_trunc('month', day)::date as month, max(day) as last from daily group by 1, 2) as months
      cross join lateral (select month + step as day from generate_series(0, last - month) as step) as days
      left join daily using (short_code, day)
      group by 1, 2
    ), counted as (
      select short_code, date_trunc('month', day)::date as month, dimension, value, extract(day from day)::int as day, visits
      from visit_breakdowns
    ), ranked as (
      select short_code, month, dimension, value, sum(visits) as total from counted group by 1, 2, 3, 4
    ), lists as (
      select short_code, month, dimension, json_agg(value order by total desc, value) as list from ranked group by 1, 2, 3
    ), by_day as (
      select short_code, month, dimension, day, json_agg(coalesce(visits, 0) order by total desc, value) as counts
      from (select short_code, month, dimension, max(day) as last from counted group by 1, 2, 3) as months
      cross join lateral generate_series(1, last) as day
      join ranked using (short_code, month, dimension)
      left join counted using (short_code, month, dimension, value, day)
      group by 1, 2, 3, 4
    ), by_dimension as (
      select short_code, month, dimension,
        json_build_object('values', (json_agg(list)) -> 0, 'days', json_agg(counts order by day)) as counts
      from by_day join lists using (short_code, month, dimension) group by 1, 2, 3
    ), breakdowns as (
      select short_code, month, json_object_agg(dimension, counts) as breakdown from by_dimension group by 1, 2
    )
    insert into visit_months (short_code, month, version, data)
    select short_code, month, 1, json_build_object(
      'visits', visits, 'bot_visits', bot_visits, 'breakdown', coalesce(breakdown, '{}'))
    from totals left join breakdowns using (short_code, month)
  `.execute(db);
}
