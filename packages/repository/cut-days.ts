import { type RawBuilder, sql } from 'kysely';
import type { ShortCode } from '@terse/core/short-code';
import type { ValueCount } from '@terse/core/visit-rollup';
import type { Period } from './period.ts';
import type { HourOfLink } from './rollup-repository.ts';

/** What is read of each cut: reading that many visits takes two tenths of a second. */
const MAX_CUT_VISITS = 50_000;
const MAX_CUT_VALUES = 5000;

/** The visits of the days that a period cuts, added up by hour and, where they are people's, by what they say of themselves. */
export interface CutDays {
  readonly hours: readonly HourOfLink[];
  /** As far as the host can be read from it; a value may come twice, as may an hour. */
  readonly referrers: readonly ValueCount[];
  readonly countries: readonly ValueCount[];
  readonly userAgents: readonly ValueCount[];
}

export type CutRow = readonly [
  property: 'hour' | 'referrer' | 'country' | 'user_agent',
  hour: number | null,
  value: string | null,
  visits: number,
  bot_visits: number,
];

/** Continues a statement with a cut. The time lies in the id, and the key begins with the code: no other visits are read. */
export function selectCut(code: ShortCode, { from, to }: Period): RawBuilder<unknown> {
  const [first, beyond] = [from, to].map((at) => at.getTime().toString(16).padStart(12, '0').padEnd(32, '0'));
  return sql`
    union all
    (select 'cut', null, null, json_build_array(
      case when grouping(hour) = 0 then 'hour' when grouping(origin) = 0 then 'referrer'
        when grouping(country) = 0 then 'country' else 'user_agent' end,
      (extract(epoch from hour) * 1000)::bigint, coalesce(origin, country, user_agent),
      count(*) filter (where not is_bot), count(*) filter (where is_bot)
    )
    from (
      select date_trunc('hour', timestamp, 'UTC') as hour, is_bot,
        case when not is_bot then country end as country, case when not is_bot then user_agent end as user_agent,
        case when is_bot then null
          when split_part(referrer, '/', 1) in ('http:', 'https:') and split_part(referrer, '/', 2) = ''
            and split_part(referrer, '/', 3) <> ''
          then split_part(referrer, '/', 1) || '//' || split_part(referrer, '/', 3)
          else referrer
        end as origin
      from visits
      where short_code = ${code} and id >= ${first}::uuid and id < ${beyond}::uuid
        and timestamp >= ${from.toISOString()}::timestamptz and timestamp < ${to.toISOString()}::timestamptz
      limit ${sql.lit(MAX_CUT_VISITS + 1)}
    ) as visit
    group by grouping sets ((hour), (origin), (country), (user_agent)) limit ${sql.lit(MAX_CUT_VALUES + 1)})
  `;
}

/** What the rows of all cuts say; `undefined` when there is more than was read. */
export function cutDaysOf(rows: readonly CutRow[]): CutDays | undefined {
  const hours: HourOfLink[] = [];
  const values: Record<Exclude<CutRow[0], 'hour'>, ValueCount[]> = {
    referrer: [],
    country: [],
    user_agent: [],
  };
  let all = 0;
  for (const [property, hour, value, visits, bot_visits] of rows) {
    if (property !== 'hour') {
      if (value !== null && visits > 0) values[property].push([value, visits]);
    } else if (hour !== null) {
      hours.push({ hour, visits, bot_visits });
      all += visits + bot_visits;
    }
  }
  if (rows.length > MAX_CUT_VALUES || all > MAX_CUT_VISITS) return undefined;
  return { hours, referrers: values.referrer, countries: values.country, userAgents: values.user_agent };
}
