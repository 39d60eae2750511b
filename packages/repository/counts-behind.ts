import { type Kysely, sql } from 'kysely';
import type { CountDifferenceRepository } from '@terse/core/counts/ports';
import type { ShortCode } from '@terse/core/links/short-code';
import type { Database } from './schema.ts';
import { unappliedVisits } from './unapplied-visits.ts';

/** Finds counts that are behind the rollups, by the marks in `counts_to_compare`, and raises them. */
export function createCountsBehind(
  db: Kysely<Database>,
): Pick<CountDifferenceRepository, 'behind' | 'missing' | 'restore'> {
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
  };
}
