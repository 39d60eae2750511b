import { type RawBuilder, sql } from 'kysely';
import type { ShortCode } from '@terse/core/links/short-code';
import type { ValueCount } from '@terse/core/stats/rollup';
import type { Period, HourOfLink, CutDays } from '@terse/core/stats/ports';

/** How many visits of each cut are read; so many take 0.2 s. */
export const MAX_CUT_VISITS = 50_000;
export const MAX_CUT_VALUES = 5000;

export type CutRow = readonly [
  property: 'hour' | 'referrer' | 'country' | 'user_agent',
  hour: number | null,
  value: string | null,
  visits: number,
  bot_visits: number,
];

/** Appends a cut to a statement. It reads only the key range of the cut: the code, then the id with the time. */
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

/** Adds up the rows of all cuts; `undefined` when the cuts have more visits or values than were read. */
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
