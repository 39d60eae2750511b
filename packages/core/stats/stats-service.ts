import { DAY_MS, HOUR_MS } from '@terse/platform/durations';
import { startOf, startsIn, wholeDays } from './calendar.ts';
import type { Clock } from '@terse/platform/clock';
import { invalidField, linkNotFound } from '../errors.ts';
import type { Interval } from './interval.ts';
import { parseShortCode, type ShortCode } from '../links/short-code.ts';
import { createCutDelta } from './cut-delta.ts';
import { breakdownOf, type SeriesPoint, coverOf, seriesOf, type Summary } from './summary.ts';
import type { LinkRepository } from '../links/ports.ts';
import type { Period, LinkRollups, RollupRepository } from './ports.ts';
import type { VisitView, VisitRepository } from '../visits/ports.ts';

export interface StatsQuery {
  readonly from?: Date | undefined;
  readonly to?: Date | undefined;
  readonly interval: Interval;
  /** How many values of each dimension are named; ten by default. */
  readonly limit?: number | undefined;
}

/** Every number covers visits from `from` (inclusive) to `to` (exclusive). */
export interface LinkStats extends Period {
  readonly short_code: ShortCode;
  readonly interval: Interval;
  readonly totals: { readonly visits: number; readonly bot_visits: number };
  readonly series: readonly SeriesPoint[];
  readonly breakdown: Summary;
}

/** Reports on one link, deleted or not. */
export interface StatsService {
  /**
   * Totals, a time series and the most frequent values of each dimension, all of the same visits. Without `to` the
   * period ends with today; without `from` it begins thirty days before its last day. When the days that it cuts have
   * too many visits to read one by one, the period is widened to whole days.
   * @throws DomainError `link_not_found`, or `invalid_request` when the period is empty, in the future, or has too
   * many intervals.
   */
  summarise(code: string, query: StatsQuery): Promise<LinkStats>;
  /** Single visits, newest first; `before` is the id of the last one seen. @throws DomainError `link_not_found`. */
  visits(code: string, limit: number, before?: string): Promise<readonly VisitView[]>;
}

export interface StatsServiceOptions {
  readonly links: Pick<LinkRepository, 'find'>;
  readonly rollups: Pick<RollupRepository, 'read'>;
  readonly visits: Pick<VisitRepository, 'latest'>;
  readonly clock: Clock;
}

const SHORTEST_MS: Record<Interval, number> = {
  hour: HOUR_MS,
  day: DAY_MS,
  week: 7 * DAY_MS,
  month: 28 * DAY_MS,
};
export const MAX_INTERVALS = 1000;
export const DEFAULT_LIMIT = 10;
const DEFAULT_PERIOD_MS = 30 * DAY_MS;
/** No period without `from` begins before this. */
const FIRST_INSTANT = Date.UTC(2000, 0);

export function createStatsService({ links, rollups, visits, clock }: StatsServiceOptions): StatsService {
  const deltaOfCut = createCutDelta();

  async function existing(text: string): Promise<ShortCode> {
    const code = parseShortCode(text);
    if (!code || !(await links.find(code))) throw linkNotFound(text);
    return code;
  }

  return {
    summarise: async (text, { interval, limit = DEFAULT_LIMIT, ...query }) => {
      const asked = periodOf(query, clock.now());
      checkIntervals(asked, interval);
      const code = parseShortCode(text);
      const read = async (of: Period) => code && (await rollups.read(code, coverOf(of), interval === 'hour'));
      let period = asked;
      let found: LinkRollups | undefined = await read(period);
      if (found && !found.cut) found = await read((period = wholeDays(asked)));
      if (!code || !found) throw linkNotFound(text);
      const deltas = found.cut ? [...found.deltas, ...(await deltaOfCut(code, found.cut))] : found.deltas;
      const series = seriesOf({ ...found, deltas }, period, interval);
      const totals = {
        visits: series.reduce((sum, point) => sum + point.visits, 0),
        bot_visits: series.reduce((sum, point) => sum + point.bot_visits, 0),
      };
      return {
        short_code: code,
        from: period.from,
        to: period.to,
        interval,
        totals,
        series,
        breakdown: breakdownOf({ ...found, deltas }, period, totals.visits, limit),
      };
    },

    visits: async (text, limit, before) => visits.latest(await existing(text), limit, before),
  };
}

function periodOf(query: Pick<StatsQuery, 'from' | 'to'>, now: number): Period {
  const to = query.to ?? new Date(startOf('day', now) + DAY_MS);
  const earliest = startOf('day', to.getTime() - 1) - DEFAULT_PERIOD_MS;
  const from = query.from ?? new Date(Math.max(earliest, FIRST_INSTANT));
  if (from.getTime() > now) throw invalidField('from', 'must not be in the future');
  if (query.from === undefined && from >= to) {
    throw invalidField('to', 'must be after the beginning of the year 2000');
  }
  if (from >= to) throw invalidField('from', 'must be before "to"');
  return { from, to };
}

function checkIntervals(period: Period, interval: Interval): void {
  const atMost = Math.ceil((period.to.getTime() - period.from.getTime()) / SHORTEST_MS[interval]);
  if (atMost > MAX_INTERVALS || startsIn(period, interval).length > MAX_INTERVALS) {
    throw invalidField(
      'interval',
      `"${interval}" gives more than ${MAX_INTERVALS} intervals: choose a longer one`,
    );
  }
}
