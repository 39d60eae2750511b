import type { UrlRepository } from '@terse/repository/url-repository';
import type { Period, RollupRepository } from '@terse/repository/rollup-repository';
import type { StoredVisit, VisitRepository } from '@terse/repository/visit-repository';
import type { Clock } from './clock.ts';
import { invalidField, linkNotFound } from './errors.ts';
import type { Interval } from './interval.ts';
import { parseShortCode, type ShortCode } from './short-code.ts';
import { breakdownOf, type Bucket, coverOf, seriesOf, type Summary } from './visit-summary.ts';

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
  readonly breakdown: Summary;
}

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
  readonly rollups: Pick<RollupRepository, 'read'>;
  readonly visits: Pick<VisitRepository, 'latest'>;
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

export function createStatsService({ urls, rollups, visits, clock }: StatsServiceOptions): StatsService {
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
      const code = parseShortCode(text);
      const period = { from, to };
      const found = code && (await rollups.read(code, coverOf(period, interval), interval === 'hour'));
      if (!found) throw linkNotFound(text);
      const series = seriesOf(found, period, interval);
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
        breakdown: breakdownOf(found, period, VALUES_PER_DIMENSION),
      };
    },

    visits: async (text, limit, before) => visits.latest(await existing(text), limit, before),
  };
}
