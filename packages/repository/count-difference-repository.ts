import { type Kysely, sql } from 'kysely';
import type { Clock } from '@terse/platform/clock';
import type { ShortCode } from '@terse/core/links/short-code';
import type { Database } from './schema.ts';
import { unappliedVisits } from './unapplied-visits.ts';
import type { TakenBack, CountDifferenceRepository } from '@terse/core/counts/ports';

const LONG_BACKLOG_MS = 5 * 60_000;
const NOTICEABLE_MS = 15 * 60_000;

export function createCountDifferenceRepository(options: {
  db: Kysely<Database>;
  clock: Clock;
}): CountDifferenceRepository {
  const { db, clock } = options;
  const ago = (ms: number) => new Date(clock.now() - ms);

  return {
    behind: async (limit, after) => {
      const { rows } = await sql<{ short_code: ShortCode; is_behind: boolean }>`
        with compared as materialized (
          select mark.short_code, mark.version, coalesce(total.visits > links.visit_count, false) as is_behind
          from counts_to_compare as mark
          left join links using (short_code) left join visit_totals as total using (short_code)
          where mark.short_code > ${after ?? ''}
          order by mark.short_code limit ${limit}
        ), unmarked as (
          delete from counts_to_compare where short_code in (
            select mark.short_code from counts_to_compare as mark join compared using (short_code, version)
            where not compared.is_behind for update of mark skip locked
          )
        )
        select short_code, is_behind from compared order by short_code
      `.execute(db);
      return {
        codes: rows.filter(({ is_behind }) => is_behind).map(({ short_code }) => short_code),
        next: rows.length === limit ? rows.at(-1)?.short_code : undefined,
      };
    },

    missing: async (codes, pending) => {
      const { rows } = await sql<{ short_code: ShortCode; visits: number }>`
        with pending as (${unappliedVisits(pending)})
        select short_code, total.visits - links.visit_count - coalesce(pending.visits, 0) as visits
        from visit_totals as total join links using (short_code) left join pending using (short_code)
        where short_code = any(${codes}::text[])
          and total.visits > links.visit_count + coalesce(pending.visits, 0)
      `.execute(db);
      return new Map(rows.map(({ short_code, visits }) => [short_code, visits]));
    },

    // Only the process that raises the version of a mark adds; another that read the same version adds nothing.
    restore: async (missing, pending) => {
      const { rows } = await sql<{ links: number }>`
        with pending as (${unappliedVisits(pending)}), compared as materialized (
          select short_code, mark.version,
            least(given.visits, total.visits - links.visit_count - coalesce(pending.visits, 0)) as visits
          from unnest(${[...missing.keys()]}::text[], ${[...missing.values()]}::bigint[]) as given (short_code, visits)
          join counts_to_compare as mark using (short_code)
          join links using (short_code) join visit_totals as total using (short_code)
          left join pending using (short_code)
        ), taken as (
          update counts_to_compare as mark set version = mark.version + 1 from compared
          where mark.short_code = compared.short_code and mark.version = compared.version and compared.visits > 0
          returning mark.short_code, compared.visits
        ), counted as (
          update links set visit_count = links.visit_count + taken.visits from taken
          where links.short_code = taken.short_code returning 1
        )
        select count(*) as links from counted
      `.execute(db);
      return rows[0]?.links ?? 0;
    },

    walk: async (limit) => {
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
          select short_code, ahead, ${new Date(clock.now())}::timestamptz from links where ahead > 0
          on conflict (short_code) do update set surplus = excluded.surplus where known.surplus > excluded.surplus
        ), walked as (
          select case when count(*) < ${limit} then '' else max(short_code) end as walked_to from links
        )
        insert into count_progress as progress (walked_to) select walked_to from walked
        on conflict (id) do update set walked_to = excluded.walked_to
        where progress.walked_to <> excluded.walked_to
      `.execute(db);
    },

    noteBacklog: async (isAtRest) => {
      const now = new Date(clock.now());
      await sql`
        insert into count_progress as progress (busy_since) values (${isAtRest ? null : now}::timestamptz)
        on conflict (id) do update set
          busy_since = case when ${isAtRest} then null else coalesce(progress.busy_since, excluded.busy_since) end,
          rested_at = case when progress.busy_since <= ${ago(LONG_BACKLOG_MS)}::timestamptz
            then ${now}::timestamptz else progress.rested_at end
        where progress.busy_since is not null or not ${isAtRest}
      `.execute(db);
    },

    takeBack: async (standingMs, limit) => {
      const before = ago(standingMs);
      const { rows } = await sql<TakenBack>`
        with due as (
          select short_code, surplus from count_surpluses
          where since <= ${before} and exists (
            select from count_progress where busy_since is null and rested_at <= ${before}
          )
          order by since limit ${limit} for update skip locked
        ), rolledUp as (
          select due.short_code, sum(delta.visits)::bigint as visits
          from rollup_deltas cross join json_to_recordset(deltas) as delta (short_code text, visits bigint)
          join due on due.short_code = delta.short_code
          where exists (select from due)
          group by due.short_code
        ), lost as (
          select short_code, least(
            due.surplus, links.visit_count - coalesce(total.visits, 0) - coalesce(rolledUp.visits, 0)
          ) as visits
          from due join links using (short_code)
          left join visit_totals as total using (short_code) left join rolledUp using (short_code)
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
    },

    ahead: async () => {
      const { rows } = await sql<{ visits: number }>`
        select coalesce(sum(surplus), 0)::bigint as visits from count_surpluses where since <= ${ago(NOTICEABLE_MS)}
      `.execute(db);
      return rows[0]?.visits ?? 0;
    },
  };
}
