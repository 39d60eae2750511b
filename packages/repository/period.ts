/** From `from` (inclusive) to `to` (exclusive). */
export interface Period {
  readonly from: Date;
  readonly to: Date;
}

/** How a period is read: its whole UTC days as they were added up, and visits one by one of the days that it cuts. */
export interface Cover {
  readonly days: Period;
  /** Each lies within a day. */
  readonly cuts: readonly Period[];
}
