import type { UrlRepository } from '@terse/repository/url-repository';
import type {
  BreakdownRow,
  Bucket,
  Period,
  StoredVisit,
  VisitRepository,
} from '@terse/repository/visit-repository';
import type { Clock } from './clock.ts';
import { invalidField, linkNotFound } from './errors.ts';
import type { Interval } from './interval.ts';
import { parseShortCode, type ShortCode } from './short-code.ts';

export interface StatsQuery {
  readonly from?: Date | undefined;
  readonly to?: Date | undefined;
  readonly interval: Interval;
}

export interface LinkStats extends Period {
  readonly short_code: ShortCode;
  readonly interval: Interval;
  readonly totals: { readonly visits: number; readonly bot_visits: number };
  readonly series: readonly Bucket[];
  readonly breakdown: Readonly<Record<Dimension, readonly Omit<BreakdownRow, 'dimension'>[]>>;
}

const DIMENSIONS = ['referrer', 'country', 'browser', 'os', 'device'] as const;
type Dimension = (typeof DIMENSIONS)[number];

/** Reports on one link, deleted or not. */
export interface StatsService {
  /**
   * Totals, a time series and the most frequent values of each dimension, all from rollups.
   * @throws DomainError `link_not_found`, or `invalid_request` when the period is empty or has too many intervals.
   */
  summarise(code: string, query: StatsQuery): Promise<LinkStats>;
  /** Single visits, newest first; `before` is the id of the last one seen. @throws DomainError `link_not_found`. */
  visits(code: string, limit: number, before?: string): Promise<readonly StoredVisit[]>;
}

export interface StatsServiceOptions {
  readonly urls: Pick<UrlRepository, 'find'>;
  readonly visits: Pick<VisitRepository, 'series' | 'breakdown' | 'latest'>;
  readonly clock: Clock;
}

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const SHORTEST_MS: Record<Interval, number> = {
  hour: HOUR_MS,
  day: DAY_MS,
  week: 7 * DAY_MS,
  month: 28 * DAY_MS,
};
const MAX_INTERVALS = 1000;
const DEFAULT_PERIOD_MS = 30 * DAY_MS;
const VALUES_PER_DIMENSION = 10;

export function createStatsService({ urls, visits, clock }: StatsServiceOptions): StatsService {
  async function existing(text: string): Promise<ShortCode> {
    const code = parseShortCode(text);
    if (!code || !(await urls.find(code))) throw linkNotFound(text);
    return code;
  }

  return {
    summarise: async (text, { interval, ...query }) => {
      const to = query.to ?? new Date(clock.now());
      const from = query.from ?? new Date(to.getTime() - DEFAULT_PERIOD_MS);
      if (from >= to) throw invalidField('from', 'must be before "to"');
      if ((to.getTime() - from.getTime()) / SHORTEST_MS[interval] > MAX_INTERVALS) {
        throw invalidField(
          'interval',
          `"${interval}" gives more than ${MAX_INTERVALS} intervals: choose a longer one`,
        );
      }
      const code = await existing(text);
      const [series, rows] = await Promise.all([
        visits.series(code, { from, to }, interval),
        visits.breakdown(code, { from, to }, VALUES_PER_DIMENSION),
      ]);
      return {
        short_code: code,
        from: series[0]?.start ?? from,
        to,
        interval,
        totals: {
          visits: series.reduce((sum, bucket) => sum + bucket.visits, 0),
          bot_visits: series.reduce((sum, bucket) => sum + bucket.bot_visits, 0),
        },
        series,
        breakdown: byDimension(rows),
      };
    },

    visits: async (text, limit, before) => visits.latest(await existing(text), limit, before),
  };
}

function byDimension(rows: readonly BreakdownRow[]): LinkStats['breakdown'] {
  const of = (dimension: Dimension) =>
    rows.filter((row) => row.dimension === dimension).map(({ value, visits }) => ({ value, visits }));
  return {
    referrer: of('referrer'),
    country: of('country'),
    browser: of('browser'),
    os: of('os'),
    device: of('device'),
  };
}
