import { createRedisCache } from '@terse/cache/redis-cache';
import { addToMonth, createMonth, type RollupDelta } from '@terse/core/stats/rollup';
import { startOf } from '@terse/core/stats/calendar';
import { type CachedLink, type Link, LINK_DEFAULTS, toCachedLink } from '@terse/core/links/link';
import type postgres from 'postgres';
import { USER_AGENTS } from '../../harness/fixtures/web.ts';
import type { MeasuredDeployment } from '../deployment.ts';
import { withRedis } from './redis.ts';
import { CODE_MULTIPLIER, codeOf, URLS } from './samples.ts';

const PUTS_AT_ONCE = 500;
const MONTHS_AT_ONCE = 200;

/** Stores links with the numbers from `from` to `to` (exclusive), created a second apart, the last one now. */
export async function seedLinks(sql: postgres.Sql, to: number, from = 0): Promise<void> {
  await sql`
    insert into links (short_code, original_url, tags, created_at, updated_at)
    select lpad(to_hex((link * ${CODE_MULTIPLIER}::bigint) % 4294967296), 8, '0'),
      (${[...URLS]}::text[])[1 + link % ${URLS.length}::int], array['seed'],
      now() - interval '1 second' * (${to}::bigint - link), now()
    from generate_series(${from}::bigint, ${to - 1}::bigint) as link`;
  await sql`vacuum analyze links`;
}

/** Puts the links with the numbers below `count` into the shared cache, for an hour. */
export function fillCache({ stack }: MeasuredDeployment, count: number): Promise<void> {
  return withRedis(stack.redis.url, async (redis) => {
    const cache = createRedisCache(redis, { linkTtlSeconds: 3600, absentTtlSeconds: 3600 });
    for (let start = 0; start < count; start += PUTS_AT_ONCE) {
      const links = Array.from(
        { length: Math.min(PUTS_AT_ONCE, count - start) },
        (_, index) => start + index,
      );
      await Promise.all(links.map((link) => cache.put(copyOf(link))));
    }
  });
}

function copyOf(link: number): CachedLink {
  const now = new Date();
  const stored: Link = {
    ...LINK_DEFAULTS,
    short_code: codeOf(link),
    original_url: URLS[link % URLS.length] ?? '',
    visit_count: 0,
    version: 1,
    created_at: now,
    updated_at: now,
    deleted_at: null,
  };
  return toCachedLink(stored.short_code, stored, now.getTime());
}

/**
 * Stores visits of the last 30 days with their rollups, in plain SQL: `ofFirst` of link 0, `ofOthers` of the others.
 */
export async function seedVisits(
  sql: postgres.Sql,
  { ofFirst, ofOthers, links }: { ofFirst: number; ofOthers: number; links: number },
): Promise<void> {
  await sql`
    select ensure_visit_partition((now() at time zone 'UTC')::date - day) from generate_series(0, 31) as day`;
  await insertVisits(sql, ofFirst, 1);
  await insertVisits(sql, ofOthers, links);
  await sql`
    insert into hourly_rollups (short_code, hour, visits, bot_visits)
    select short_code, date_trunc('hour', timestamp, 'UTC'),
      count(*) filter (where not is_bot), count(*) filter (where is_bot)
    from visits group by 1, 2`;
  await seedMonths(sql);
  await sql`vacuum analyze visits`;
  await sql`vacuum analyze hourly_rollups`;
  await sql`vacuum analyze monthly_rollups`;
}

/** Stores the monthly rollups of each link, as a merge of its visits would. */
async function seedMonths(sql: postgres.Sql): Promise<void> {
  const days = sql<RollupDelta[]>`
    with counted as (
      select short_code, date_trunc('day', timestamp, 'UTC') as day, is_bot, dimension, value, count(*)::int as visits
      from visits cross join lateral (values
        ('all', ''), ('country', country), ('browser', 'Browser ' || length(user_agent) % 12),
        ('device', 'Device ' || length(user_agent) % 3), ('os', 'System ' || length(user_agent) % 7),
        ('referrer', substring(referrer from '//([^/]+)'))
      ) as facts (dimension, value)
      where value is not null and (not is_bot or dimension = 'all')
      group by 1, 2, 3, 4, 5
    ), by_dimension as (
      select short_code, day, dimension, json_agg(json_build_array(value, visits)) as counts,
        coalesce(sum(visits) filter (where dimension = 'all' and not is_bot), 0)::int as visits,
        coalesce(sum(visits) filter (where dimension = 'all' and is_bot), 0)::int as bot_visits
      from counted group by 1, 2, 3
    )
    select short_code, extract(epoch from day)::float8 * 1000 as hour, sum(visits)::int as visits,
      sum(bot_visits)::int as bot_visits, json_object_agg(dimension, counts) as breakdown
    from by_dimension group by 1, 2`;
  const byLink = new Map<string, RollupDelta[]>();
  for (const day of await days) byLink.set(day.short_code, [...(byLink.get(day.short_code) ?? []), day]);
  const months = [...byLink].flatMap(([short_code, ofLink]) =>
    [...Map.groupBy(ofLink, ({ hour }) => startOf('month', hour))].map(([month, ofMonth]) => {
      const data = createMonth();
      addToMonth(data, ofMonth);
      return { short_code, month: new Date(month).toISOString().slice(0, 10), version: 1, data };
    }),
  );
  for (let start = 0; start < months.length; start += MONTHS_AT_ONCE) {
    const some = JSON.stringify(months.slice(start, start + MONTHS_AT_ONCE));
    await sql`insert into monthly_rollups select * from json_populate_recordset(null::monthly_rollups, ${some}::text::json)`;
  }
}

/** Inserts visits spread evenly over the days; each id is a UUIDv7 of the visit's time. */
async function insertVisits(sql: postgres.Sql, visits: number, links: number): Promise<void> {
  if (visits === 0) return;
  await sql`
    insert into visits (id, short_code, ip, timestamp, user_agent, referrer, country, is_bot)
    select (lpad(to_hex(at), 12, '0') || '7' || lpad(to_hex(visit % 4096), 3, '0') || '8'
        || substring(md5(visit::text || ${links}::text) from 1 for 15))::uuid,
      lpad(to_hex(((case when ${links}::int = 1 then 0 else 1 + visit % (${links}::int - 1) end) * ${CODE_MULTIPLIER}::bigint) % 4294967296), 8, '0'),
      '192.0.2.0', to_timestamp(at / 1000.0),
      (${[...USER_AGENTS]}::text[])[1 + visit % ${USER_AGENTS.length}::int],
      case when visit % 2 = 0 then (${[...URLS]}::text[])[1 + visit % ${URLS.length}::int] end,
      (array['DE', 'FR', 'US', 'BR', 'IN', 'JP'])[1 + visit % 6], visit % 20 = 0
    from (
      select visit, (extract(epoch from now()) * 1000)::bigint - (visit::float8 / ${visits}::float8 * 30 * 86400000)::bigint as at
      from generate_series(1, ${visits}::bigint) as visit
    ) as drawn`;
}
