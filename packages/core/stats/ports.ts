import type { RollupDelta, MonthlyVisits, ValueCount } from './rollup.ts';
import type { ShortCode } from '../links/short-code.ts';

/** What is known of a link's visits: everything by day, and the deltas that are not in there yet. */
export interface LinkRollups {
  readonly months: readonly MonthOfLink[];
  readonly deltas: readonly RollupDelta[];
  /** Visits by hour, when they were asked for; those of the deltas are not among them. */
  readonly hours: readonly HourOfLink[];
  /** The visits of cut days; `undefined` when there are too many to read. */
  readonly cut: CutDays | undefined;
}

export interface MonthOfLink {
  /** When the month begins, in milliseconds since the epoch. */
  readonly month: number;
  readonly data: MonthlyVisits;
}

export interface HourOfLink {
  /** When the hour begins, in milliseconds since the epoch. */
  readonly hour: number;
  readonly visits: number;
  readonly bot_visits: number;
}

/** Rollup deltas of a shard that were stored together, where they wait to be merged. */
export interface DeltaBatch {
  readonly shard: number;
  readonly id: number;
  readonly deltas: readonly RollupDelta[];
}

/** A month of a link as it is to be after a merge; `version` is the one it had before, 0 when it is new. */
export interface MergedMonth extends MonthOfLink {
  readonly short_code: ShortCode;
  readonly version: number;
}

export interface Merge {
  readonly batches: readonly DeltaBatch[];
  readonly months: readonly MergedMonth[];
  /** What the hours of the deltas have more. */
  readonly hours: readonly (HourOfLink & { readonly short_code: ShortCode })[];
}

/** Where a walk through what waits, shard by shard, has come to. */
export type DeltaPosition = Pick<DeltaBatch, 'shard' | 'id'>;

/** Visits added up by link and time. */
export interface RollupRepository {
  /**
   * The visits of a link, deleted or not, in one snapshot: each is merged or in a delta, never both. Months are
   * complete. `undefined` when there was never such a link.
   */
  read(code: ShortCode, cover: Cover, withHours: boolean): Promise<LinkRollups | undefined>;
  /** The batches that follow the position, at most so many, those of a shard together. */
  waiting(limit: number, after?: DeltaPosition): Promise<DeltaBatch[]>;
  /** Those of the months that there are. */
  months(keys: readonly Pick<MergedMonth, 'short_code' | 'month'>[]): Promise<MergedMonth[]>;
  /**
   * Puts the deltas into months and hours, in one statement. `false`, and nothing is changed, when another merge was
   * faster.
   */
  merge(merge: Merge): Promise<boolean>;
}

/** The visits of cut days, added up by hour, and those by people also by value. */
export interface CutDays {
  readonly hours: readonly HourOfLink[];
  /** Referrers cut to what identifies their host. A value may appear twice, as may an hour. */
  readonly referrers: readonly ValueCount[];
  readonly countries: readonly ValueCount[];
  readonly userAgents: readonly ValueCount[];
}

/** From `from` (inclusive) to `to` (exclusive). */
export interface Period {
  readonly from: Date;
  readonly to: Date;
}

/** How a period is read: whole UTC days from rollups, and visits one by one on the days that it cuts. */
export interface Cover {
  readonly days: Period;
  /** Each lies within a day. */
  readonly cuts: readonly Period[];
}
