import { type Kysely, type Selectable, sql } from 'kysely';
import type { Interval } from '@terse/core/interval';
import type { ShortCode } from '@terse/core/short-code';
import type { DescribedVisit } from '@terse/core/visit-description';
import type { Database, VisitTable } from './schema.ts';

/** Visits in one interval, which begins at `start`. */
export interface Bucket {
  readonly start: Date;
  readonly visits: number;
  readonly bot_visits: number;
}

export interface BreakdownRow {
  readonly dimension: string;
  readonly value: string;
  readonly visits: number;
}

export interface Period {
  /** Inclusive. */
  readonly from: Date;
  /** Exclusive. */
  readonly to: Date;
}

export type StoredVisit = Selectable<VisitTable>;

/** How many visits are new: of links, and of codes that never were one. */
export interface Inserted {
  readonly stored: number;
  readonly orphans: number;
}

/** Visits and their rollups, which are written together and so never disagree. */
export interface VisitRepository {
  /**
   * Stores the visits that are not stored yet and rolls up only those, in one statement. Visits of codes that never were
   * a link are stored apart, and rolled up nowhere.
   */
  insert(visits: readonly DescribedVisit[]): Promise<Inserted>;
  /** Every interval that begins in the period, empty ones included. Weeks begin on Monday; all bounds are UTC. */
  series(code: ShortCode, period: Period, interval: Interval): Promise<Bucket[]>;
  /** The most frequent values of each dimension among people's visits on the UTC days that the period touches. */
  breakdown(code: ShortCode, period: Period, valuesPerDimension: number): Promise<BreakdownRow[]>;
  /** Single visits, newest first; `before` is the id of the last one seen. */
  latest(code: ShortCode, limit: number, before?: string): Promise<StoredVisit[]>;
  /** Makes the partitions for yesterday to a week ahead. Visits of other days go to the default partition. */
  preparePartitions(today: Date): Promise<void>;
}

export function createVisitRepository(options: { db: Kysely<Database> }): VisitRepository {
  const { db } = options;
  return {
    insert: async (visits) => {
      const unique = [...new Map(visits.map((visit) => [visit.id, visit])).values()];
      const codes = [...new Set(unique.map(({ short_code }) => short_code))];
      const column = <K extends keyof DescribedVisit>(name: K) => unique.map((visit) => visit[name]);
      const { rows } = await sql<Inserted>`
        with incoming as (
          select id, short_code, ip, timestamp, user_agent, referrer, country, is_bot = 1 as is_bot,
            referrer_host, browser, os, device,
            short_code in (select short_code from urls where short_code = any(${codes}::text[])) as has_link
          from unnest(
            ${column('id')}::uuid[], ${column('short_code')}::text[], ${column('ip')}::text[],
            ${unique.map(({ timestamp }) => new Date(timestamp).toISOString())}::timestamptz[],
            ${column('user_agent')}::text[], ${column('referrer')}::text[], ${column('country')}::text[],
            ${unique.map((visit) => Number(visit.is_bot))}::int[], ${column('referrer_host')}::text[], ${column('browser')}::text[],
            ${column('os')}::text[], ${column('device')}::text[]
          ) as visit (
            id, short_code, ip, timestamp, user_agent, referrer, country, is_bot, referrer_host, browser, os, device
          )
        ), stored as (
          insert into visits (id, short_code, ip, timestamp, user_agent, referrer, country, is_bot)
          select id, short_code, ip, timestamp, user_agent, referrer, country, is_bot
          from incoming where has_link order by short_code, id
          on conflict do nothing
          returning id
        ), orphaned as (
          insert into orphan_visits (id, short_code, ip, timestamp, user_agent, referrer, country, is_bot)
          select id, short_code, ip, timestamp, user_agent, referrer, country, is_bot
          from incoming where not has_link order by id
          on conflict do nothing
          returning id
        ), fresh as (
          select incoming.* from incoming join stored using (id)
        ), rolled_up as (
          insert into visit_rollups as rollup (short_code, hour, visits, bot_visits)
          select short_code, date_trunc('hour', timestamp, 'UTC'),
            count(*) filter (where not is_bot), count(*) filter (where is_bot)
          from fresh group by 1, 2 order by 1, 2
          on conflict (short_code, hour) do update
          set visits = rollup.visits + excluded.visits, bot_visits = rollup.bot_visits + excluded.bot_visits
        ), broken_down as (
          insert into visit_breakdowns as rollup (short_code, day, dimension, value, visits)
          select short_code, (timestamp at time zone 'UTC')::date, dimension, value, count(*)
          from fresh cross join lateral (values
            ('country', country), ('referrer', referrer_host), ('browser', browser), ('os', os), ('device', device)
          ) as part (dimension, value)
          where not is_bot and value is not null
          group by 1, 2, 3, 4 order by 1, 2, 3, 4
          on conflict (short_code, day, dimension, value) do update set visits = rollup.visits + excluded.visits
        )
        select (select count(*)::int from stored) as stored, (select count(*)::int from orphaned) as orphans
      `.execute(db);
      return rows[0] ?? { stored: 0, orphans: 0 };
    },

    series: async (code, { from, to }, interval) => {
      const { rows } = await sql<Bucket>`
        select bucket at time zone 'UTC' as start,
          coalesce(sum(visits), 0)::bigint as visits, coalesce(sum(bot_visits), 0)::bigint as bot_visits
        from generate_series(
          date_trunc(${interval}, ${from.toISOString()}::timestamptz at time zone 'UTC'),
          ${to.toISOString()}::timestamptz at time zone 'UTC' - interval '1 microsecond',
          ${`1 ${interval}`}::interval
        ) as bucket
        left join visit_rollups
          on short_code = ${code}
          and hour >= bucket at time zone 'UTC'
          and hour < (bucket + ${`1 ${interval}`}::interval) at time zone 'UTC'
        group by bucket order by bucket
      `.execute(db);
      return rows;
    },

    breakdown: async (code, { from, to }, valuesPerDimension) => {
      const { rows } = await sql<BreakdownRow>`
        select dimension, value, visits
        from (
          select dimension, value, sum(visits)::bigint as visits,
            row_number() over (partition by dimension order by sum(visits) desc, value) as rank
          from visit_breakdowns
          where short_code = ${code}
            and day >= (${from.toISOString()}::timestamptz at time zone 'UTC')::date
            and day <= (${to.toISOString()}::timestamptz at time zone 'UTC' - interval '1 microsecond')::date
          group by dimension, value
        ) as ranked
        where rank <= ${valuesPerDimension}
        order by dimension, rank
      `.execute(db);
      return rows;
    },

    latest: (code, limit, before) => {
      const visits = db.selectFrom('visits').selectAll().where('short_code', '=', code);
      return (before === undefined ? visits : visits.where('id', '<', before))
        .orderBy('id', 'desc')
        .limit(limit)
        .execute();
    },

    preparePartitions: async (today) => {
      await sql`
        select ensure_visit_partition((${today.toISOString()}::timestamptz at time zone 'UTC')::date + day)
        from generate_series(-1, 7) as day
      `.execute(db);
    },
  };
}
