/** A middle value and the values around it. */
export interface Spread {
  readonly median: number;
  readonly low: number;
  readonly high: number;
}

/** @throws RangeError when there are no values. */
export function median(values: readonly number[]): number {
  return quantile(values, 0.5);
}

/**
 * The value below which a share of the values lies, between two of them where it falls between.
 * @param share from 0 to 1.
 * @throws RangeError when there are no values.
 */
export function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  const position = (sorted.length - 1) * share;
  const below = sorted[Math.floor(position)];
  const above = sorted[Math.ceil(position)];
  if (below === undefined || above === undefined) throw new RangeError('There are no values.');
  return below + (above - below) * (position - Math.floor(position));
}

/** @throws RangeError when there are no values. */
export function spread(values: readonly number[]): Spread {
  return { median: median(values), low: quantile(values, 0), high: quantile(values, 1) };
}

/** Two things measured one right after the other, so that what disturbs the machine disturbs both. */
export interface Pair {
  readonly subject: number;
  readonly reference: number;
}

/** How the subject compares with the reference: the ratio of each pair, and the middle one of these. */
export function ratio(pairs: readonly Pair[]): Spread {
  return spread(pairs.map(({ subject, reference }) => subject / reference));
}

/** What one unit of work costs at a size of the data. */
export interface GrowthPoint {
  readonly size: number;
  readonly cost: number;
}

/**
 * The power of the size with which the cost grows (least squares on logarithms): 0 is flat, 1 is proportional.
 * @throws RangeError unless there are two sizes.
 */
export function exponent(points: readonly GrowthPoint[]): number {
  const xs = points.map(({ size }) => Math.log(size));
  const ys = points.map(({ cost }) => Math.log(cost));
  const meanX = mean(xs);
  const meanY = mean(ys);
  const variance = mean(xs.map((x) => (x - meanX) ** 2));
  if (!(variance > 0)) throw new RangeError('Growth needs two sizes.');
  return mean(xs.map((x, index) => (x - meanX) * ((ys[index] ?? meanY) - meanY))) / variance;
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
