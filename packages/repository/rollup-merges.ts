import { type Kysely, sql } from 'kysely';
import type { DeltaBatch, MergedMonth, RollupRepository } from '@terse/core/stats/ports';
import { arrayText } from './array-text.ts';
import { dateOf, millisecondsOf } from './month-start.ts';
import type { Database } from './schema.ts';
import { isSerializationFailure } from './sql-state.ts';

/** An arbitrary number. The process that holds this lock merges. */
const MERGE_LOCK = 5_201_811;

/** Reads waiting rollup deltas, and merges them. */
export function createRollupMerges(
  db: Kysely<Database>,
): Pick<RollupRepository, 'waiting' | 'months' | 'merge'> {
  return {
    waiting: async (limit, after) => {
      const beyond = after && sql`where (shard, id) > (${after.shard}::smallint, ${after.id}::bigint)`;
      const { rows } = await sql<DeltaBatch>`
        select shard, id, deltas from rollup_deltas ${beyond ?? sql``} order by shard, id limit ${limit}
      `.execute(db);
      return rows;
    },

    months: async (keys) => {
      const codes = keys.map(({ short_code }) => short_code);
      const months = keys.map(({ month }) => dateOf(month));
      const { rows } = await sql<MergedMonth>`
        select short_code, ${millisecondsOf('month')} as month, version, data
        from monthly_rollups join unnest(${codes}::text[], ${months}::date[]) as wanted (short_code, month)
          using (short_code, month)
      `.execute(db);
      return rows;
    },

    merge: async ({ batches, months, hours }) => {
      try {
        await sql`
          with turn as materialized (
            select pg_try_advisory_xact_lock(${sql.lit(MERGE_LOCK)}) as is_ours
          ), merged as (
            delete from rollup_deltas as batch
            using unnest(
              ${batches.map(({ shard }) => shard)}::smallint[], ${batches.map(({ id }) => id)}::bigint[]
            ) as taken (shard, id)
            where batch.shard = taken.shard and batch.id = taken.id and (select is_ours from turn)
            returning batch.id
          ), merged_monthly as (
            insert into monthly_rollups as month (short_code, month, version, data)
            select short_code, month, version, data::json from unnest(
              ${months.map(({ short_code }) => short_code)}::text[], ${months.map(({ month }) => dateOf(month))}::date[],
              ${months.map(({ version }) => version + 1)}::int[],
              ${arrayText(months.map(({ data }) => JSON.stringify(data)))}::text::text[]
            ) as merged (short_code, month, version, data)
            where (select is_ours from turn)
            on conflict (short_code, month) do update set version = excluded.version, data = excluded.data
            where month.version = excluded.version - 1
            returning month.version
          ), merged_hours as (
            insert into hourly_rollups as rollup (short_code, hour, visits, bot_visits)
            select * from unnest(
              ${hours.map(({ short_code }) => short_code)}::text[],
              ${hours.map(({ hour }) => new Date(hour).toISOString())}::timestamptz[],
              ${hours.map(({ visits }) => visits)}::bigint[], ${hours.map(({ bot_visits }) => bot_visits)}::bigint[]
            )
            where (select is_ours from turn)
            on conflict (short_code, hour) do update
            set visits = rollup.visits + excluded.visits, bot_visits = rollup.bot_visits + excluded.bot_visits
          )
          select whole_or_nothing(
            (select count(*) from merged) = ${batches.length}
            and (select count(*) from merged_monthly) = ${months.length}
          )
        `.execute(db);
        return true;
      } catch (error) {
        if (isSerializationFailure(error)) return false;
        throw error;
      }
    },
  };
}
