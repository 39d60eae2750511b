import type { VisitTally, MonthlyVisits, ValueCount } from './rollup.ts';
import type { ShortCode } from '../links/short-code.ts';

/** What is known of a link's visits: everything by day, and the tallies that are not in there yet. */
export interface LinkRollups {
  readonly months: readonly MonthOfLink[];
  readonly tallies: readonly VisitTally[];
  /** Visits by hour, when they were asked for; those of the tallies are not among them. */
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

/** Tallies of a bucket that were stored together, where they wait to be merged. */
export interface TallyBatch {
  readonly bucket: number;
  readonly id: number;
  readonly tallies: readonly VisitTally[];
}

/** A month of a link as it is to be after a merge; `version` is the one it had before, 0 when it is new. */
export interface MergedMonth extends MonthOfLink {
  readonly short_code: ShortCode;
  readonly version: number;
}

export interface Merge {
  readonly batches: readonly TallyBatch[];
  readonly months: readonly MergedMonth[];
  /** What the hours of the tallies have more. */
  readonly hours: readonly (HourOfLink & { readonly short_code: ShortCode })[];
}

/** Where a walk through what waits, bucket by bucket, has come to. */
export type TallyPosition = Pick<TallyBatch, 'bucket' | 'id'>;

/** Visits added up by link and time. */
export interface RollupRepository {
  /**
   * The visits of a link, deleted or not, in one snapshot: each is merged or in a tally, never both. Months are
   * complete. `undefined` when there was never such a link.
   */
  read(code: ShortCode, cover: Cover, withHours: boolean): Promise<LinkRollups | undefined>;
  /** The batches that follow the position, at most so many, those of a bucket together. */
  waiting(limit: number, after?: TallyPosition): Promise<TallyBatch[]>;
  /** Those of the months that there are. */
  months(keys: readonly Pick<MergedMonth, 'short_code' | 'month'>[]): Promise<MergedMonth[]>;
  /**
   * Puts the tallies into months and hours, in one statement. `false`, and nothing is changed, when another merge was
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
