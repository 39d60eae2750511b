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
