import type { RollupDelta, MonthlyVisits, ValueCount } from './rollup.ts';
import type { ShortCode } from '../links/short-code.ts';

/** A link's visits: merged ones by day, and the deltas that are not merged yet. */
export interface LinkRollups {
  readonly months: readonly MonthOfLink[];
  readonly deltas: readonly RollupDelta[];
  /** Merged visits by hour, when they were asked for. */
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

/** Rollup deltas of a shard that were stored together and wait to be merged. */
export interface DeltaBatch {
  readonly shard: number;
  readonly id: number;
  readonly deltas: readonly RollupDelta[];
}

/** A month of a link after a merge. `version` is the one it had before; 0 when it is new. */
export interface MergedMonth extends MonthOfLink {
  readonly short_code: ShortCode;
  readonly version: number;
}

export interface Merge {
  readonly batches: readonly DeltaBatch[];
  readonly months: readonly MergedMonth[];
  /** What the merge adds to each hour. */
  readonly hours: readonly (HourOfLink & { readonly short_code: ShortCode })[];
}

/** How far a walk through the waiting batches, shard by shard, has come. */
export type DeltaPosition = Pick<DeltaBatch, 'shard' | 'id'>;

/** Visits added up by link and time. */
export interface RollupRepository {
  /**
   * The visits of a link, deleted or not, in one snapshot: each is merged or in a delta, never both. Months are
   * complete. `undefined` when there was never such a link.
   */
  read(code: ShortCode, cover: Cover, withHours: boolean): Promise<LinkRollups | undefined>;
  /** At most `limit` batches after the position, those of a shard together. */
  waiting(limit: number, after?: DeltaPosition): Promise<DeltaBatch[]>;
  /** Those of the months that exist. */
  months(keys: readonly Pick<MergedMonth, 'short_code' | 'month'>[]): Promise<MergedMonth[]>;
  /**
   * Puts the deltas into months and hours, in one statement. Resolves with `false`, and changes nothing, when another
   * merge was faster.
   */
  merge(merge: Merge): Promise<boolean>;
}

/** The visits of cut days, added up by hour; those by people also by value. */
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
