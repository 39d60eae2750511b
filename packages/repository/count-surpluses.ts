import { type Kysely, sql } from 'kysely';
import type { CountDifferenceRepository, TakenBack } from '@terse/core/counts/ports';
import type { Clock } from '@terse/platform/clock';
import { MINUTE_MS } from '@terse/platform/durations';
import type { Database } from './schema.ts';

const LONG_BACKLOG_MS = 5 * MINUTE_MS;
const NOTICEABLE_MS = 15 * MINUTE_MS;

/** Finds counts that are ahead of the rollups by a walk through all links, and takes back lasting surpluses. */
export function createCountSurpluses(
  db: Kysely<Database>,
  clock: Pick<Clock, 'now'>,
): Pick<CountDifferenceRepository, 'walk' | 'noteBacklog' | 'takeBack' | 'ahead'> {
  const ago = (ms: number) => new Date(clock.now() - ms);
  return {
    walk: (limit) => walk(db, limit, ago(0)),
    noteBacklog: (isAtRest) => noteBacklog(db, isAtRest, ago(0)),
    takeBack: (standingMs, limit) => takeBack(db, ago(standingMs), limit),
    ahead: () => ahead(db, ago(NOTICEABLE_MS)),
  };
}

/** Looks at the next links: marks those behind; remembers the smallest surplus of each, and since when it is ahead. */
async function walk(db: Kysely<Database>, limit: number, now: Date): Promise<void> {
  await sql`
    with links as materialized (
      select short_code, links.visit_count - coalesce(total.visits, 0) as ahead
      from links left join visit_totals as total using (short_code)
      where short_code > coalesce((select walked_to from count_progress), '')
      order by short_code limit ${limit}
    ), marked as (
      insert into counts_to_compare (short_code) select short_code from links where ahead < 0
      on conflict (short_code) do nothing
    ), passed as (
      delete from count_surpluses as known using links
      where known.short_code = links.short_code and links.ahead <= 0
    ), remembered as (
      insert into count_surpluses as known (short_code, surplus, since)
      select short_code, ahead, ${now}::timestamptz from links where ahead > 0
      on conflict (short_code) do update set surplus = excluded.surplus where known.surplus > excluded.surplus
    ), walked as (
      select case when count(*) < ${limit} then '' else max(short_code) end as walked_to from links
    )
    insert into count_progress as progress (walked_to) select walked_to from walked
    on conflict (id) do update set walked_to = excluded.walked_to
    where progress.walked_to <> excluded.walked_to
  `.execute(db);
}

async function noteBacklog(db: Kysely<Database>, isAtRest: boolean, now: Date): Promise<void> {
  const longAgo = new Date(now.getTime() - LONG_BACKLOG_MS);
  await sql`
    insert into count_progress as progress (busy_since) values (${isAtRest ? null : now}::timestamptz)
    on conflict (id) do update set
      busy_since = case when ${isAtRest} then null else coalesce(progress.busy_since, excluded.busy_since) end,
      rested_at = case when progress.busy_since <= ${longAgo}::timestamptz
        then ${now}::timestamptz else progress.rested_at end
    where progress.busy_since is not null or not ${isAtRest}
  `.execute(db);
}

/** Lowers counts by surpluses that began before a time, unless a backlog has ended since then. */
async function takeBack(db: Kysely<Database>, before: Date, limit: number): Promise<TakenBack> {
  const { rows } = await sql<TakenBack>`
    with due as (
      select short_code, surplus from count_surpluses
      where since <= ${before} and exists (
        select from count_progress where busy_since is null and rested_at <= ${before}
      )
      order by since limit ${limit} for update skip locked
    ), unmerged as (
      select due.short_code, sum(delta.visits)::bigint as visits
      from rollup_deltas cross join json_to_recordset(deltas) as delta (short_code text, visits bigint)
      join due on due.short_code = delta.short_code
      where exists (select from due)
      group by due.short_code
    ), lost as (
      select short_code, least(
        due.surplus, links.visit_count - coalesce(total.visits, 0) - coalesce(unmerged.visits, 0)
      ) as visits
      from due join links using (short_code)
      left join visit_totals as total using (short_code) left join unmerged using (short_code)
    ), forgotten as (
      delete from count_surpluses using due where count_surpluses.short_code = due.short_code
    ), counted as (
      update links set visit_count = links.visit_count - lost.visits from lost
      where links.short_code = lost.short_code and lost.visits > 0
      returning links.short_code, lost.visits
    ), marked as (
      insert into counts_to_compare as mark (short_code) select short_code from counted order by short_code
      on conflict (short_code) do update set version = mark.version + 1
    )
    select count(*) as links, coalesce(sum(visits), 0)::bigint as visits from counted
  `.execute(db);
  return rows[0] ?? { links: 0, visits: 0 };
}

async function ahead(db: Kysely<Database>, before: Date): Promise<number> {
  const { rows } = await sql<{ visits: number }>`
    select coalesce(sum(surplus), 0)::bigint as visits from count_surpluses where since <= ${before}
  `.execute(db);
  return rows[0]?.visits ?? 0;
}
