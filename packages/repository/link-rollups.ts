import { type Kysely, sql } from 'kysely';
import type { ShortCode } from '@terse/core/links/short-code';
import type { HourOfLink, LinkRollups, Period, RollupRepository } from '@terse/core/stats/ports';
import type { MonthlyVisits, RollupDelta } from '@terse/core/stats/rollup';
import { shardOf } from './rollup-shard.ts';
import { cutDaysOf, type CutRow, selectCut } from './cut-days.ts';
import { createMonthMemory, type ReadMonth } from './month-memory.ts';
import { dateOf, millisecondsOf } from './month-start.ts';
import type { Database } from './schema.ts';

/** Reads the rollups of a link in one statement, which sends only months that changed since they were last read. */
export function createLinkRollups(db: Kysely<Database>): Pick<RollupRepository, 'read'> {
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
  };
}

type RollupRow =
  | { readonly kind: 'link' }
  | {
      readonly kind: 'month';
      readonly start: number;
      readonly version: number;
      /** `null` when this version is already known. */
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
