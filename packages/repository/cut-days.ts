import { type RawBuilder, sql } from 'kysely';
import type { ShortCode } from '@terse/core/short-code';
import type { Period } from './period.ts';

/** What is read one by one of each cut: reading that many takes a tenth of a second, and some megabytes. */
const MAX_CUT_VISITS = 50_000;
const MAX_CUT_GROUPS = 5000;

/** Visits of one hour that are described alike; of those that are bots' nothing else is told. */
export interface AlikeVisits {
  /** When the hour begins, in milliseconds since the epoch. */
  readonly hour: number;
  readonly visits: number;
  readonly is_bot: boolean;
  /** As far as its host can be read from it. */
  readonly referrer: string | null;
  readonly country: string | null;
  readonly user_agent: string | null;
}

export type AlikeRow = readonly [
  visits: number,
  is_bot: boolean,
  referrer: string | null,
  country: string | null,
  user_agent: string | null,
];

/** Continues a statement with the visits of a cut. The day lies in the id, and the key begins with the code: no other rows are read. */
export function selectCut(code: ShortCode, { from, to }: Period): RawBuilder<unknown> {
  const [first, beyond] = [from, to].map((at) => at.getTime().toString(16).padStart(12, '0').padEnd(32, '0'));
  return sql`
    union all
    (select 'alike', (extract(epoch from hour) * 1000)::bigint, null,
      json_build_array(count(*), is_bot, origin, country, user_agent)
    from (
      select date_trunc('hour', timestamp, 'UTC') as hour, is_bot,
        case when not is_bot then country end as country, case when not is_bot then user_agent end as user_agent,
        case when not is_bot then
          coalesce(substring(referrer from '^(https?://[A-Za-z0-9._:-]+)(?:[/?#]|$)'), referrer)
        end as origin
      from visits
      where short_code = ${code} and id >= ${first}::uuid and id < ${beyond}::uuid
        and timestamp >= ${from.toISOString()}::timestamptz and timestamp < ${to.toISOString()}::timestamptz
      limit ${sql.lit(MAX_CUT_VISITS + 1)}
    ) as visit
    group by hour, is_bot, origin, country, user_agent limit ${sql.lit(MAX_CUT_GROUPS + 1)})
  `;
}

export function alikeVisits(hour: number, row: AlikeRow): AlikeVisits {
  const [visits, is_bot, referrer, country, user_agent] = row;
  return { hour, visits, is_bot, referrer, country, user_agent };
}

/** Whether there is more than was read. */
export function isTooMuch(groups: readonly AlikeVisits[]): boolean {
  const visits = groups.reduce((sum, group) => sum + group.visits, 0);
  return groups.length > MAX_CUT_GROUPS || visits > MAX_CUT_VISITS;
}
