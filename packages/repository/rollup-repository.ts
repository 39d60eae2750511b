import { type Kysely, type RawBuilder, sql } from 'kysely';
import type { ShortCode } from '@terse/core/links/short-code';
import { shardOf, type MonthlyVisits, type RollupDelta } from '@terse/core/stats/rollup';
import { arrayText } from './array-text.ts';
import { cutDaysOf, type CutRow, selectCut } from './cut-days.ts';
import { createMonthMemory, type ReadMonth } from './month-memory.ts';
import type { Database } from './schema.ts';
import { isSerializationFailure } from './sql-state.ts';
import type {
  Period,
  LinkRollups,
  HourOfLink,
  DeltaBatch,
  MergedMonth,
  RollupRepository,
} from '@terse/core/stats/ports';

/** Any number: whoever holds it merges. */
const MERGE_LOCK = 5_201_811;

export function createRollupRepository(options: { db: Kysely<Database> }): RollupRepository {
  const { db } = options;
  const remembered = createMonthMemory();

  return {
    read: async (code, { days, cuts }, withHours) => {
      const known = remembered.of(code);
      const [first, beyond] = [days.from.toISOString(), days.to.toISOString()];
      const hours = sql`
        union all
        select 'hour', ${millisecondsOf('hour')}, null, json_build_array(visits, bot_visits) from hourly_rollups
        where short_code = ${code} and hour >= ${first}::timestamptz and hour < ${beyond}::timestamptz
      `;
      const { rows } = await sql<RollupRow>`
        select 'link' as kind, null::bigint as start, null::int as version, null::json as data
        from links where short_code = ${code}
        union all
        select 'month', ${millisecondsOf('month')}, version,
          case when (month, version) in (
            select * from unnest(
              ${[...known.keys()].map(dateOf)}::date[], ${[...known.values()].map(({ version }) => version)}::int[]
            )
          ) then null else data end
        from monthly_rollups
        where short_code = ${code}
          and month >= date_trunc('month', ${first}::timestamptz at time zone 'UTC')
          and month < ${beyond}::timestamptz at time zone 'UTC'
        union all
        select 'deltas', null, null, deltas from rollup_deltas where shard = ${shardOf(code)}
        ${withHours ? hours : sql``}
        ${sql.join(
          cuts.map((cut) => selectCut(code, cut)),
          sql` `,
        )}
      `.execute(db);
      const isLink = rows.some(({ kind }) => kind === 'link');
      return isLink
        ? { months: remembered.recall(code, known, monthsOf(rows)), ...rollupsOf(rows, code, days) }
        : undefined;
    },

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

type RollupRow =
  | { readonly kind: 'link' }
  | {
      readonly kind: 'month';
      readonly start: number;
      readonly version: number;
      /** None when the one of that version is known already. */
      readonly data: MonthlyVisits | null;
    }
  | { readonly kind: 'deltas'; readonly data: readonly RollupDelta[] }
  | {
      readonly kind: 'hour';
      readonly start: number;
      readonly data: readonly [visits: number, bot_visits: number];
    }
  | { readonly kind: 'cut'; readonly data: CutRow };

function monthsOf(rows: readonly RollupRow[]): ReadMonth[] {
  return rows.flatMap((row) => (row.kind === 'month' ? [{ ...row, month: row.start }] : []));
}

function rollupsOf(
  rows: readonly RollupRow[],
  code: ShortCode,
  { from, to }: Period,
): Omit<LinkRollups, 'months'> {
  const hours: HourOfLink[] = [];
  const deltas: RollupDelta[] = [];
  const cut: CutRow[] = [];
  for (const row of rows) {
    if (row.kind === 'cut') cut.push(row.data);
    if (row.kind === 'hour') hours.push({ hour: row.start, visits: row.data[0], bot_visits: row.data[1] });
    if (row.kind === 'deltas') deltas.push(...row.data.filter(({ short_code }) => short_code === code));
  }
  const overlaps = ({ hour }: RollupDelta) => hour >= from.getTime() && hour < to.getTime();
  return { hours, deltas: deltas.filter(overlaps), cut: cutDaysOf(cut) };
}

/** As a number; what a driver makes of a date depends on the driver. */
function millisecondsOf(column: string): RawBuilder<number> {
  return sql`(extract(epoch from ${sql.ref(column)}) * 1000)::bigint`;
}

function dateOf(month: number): string {
  return new Date(month).toISOString().slice(0, 10);
}
