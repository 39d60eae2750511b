/** The median of values, with the lowest and the highest. */
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
 * Returns the value below which a share of the values lies, interpolated between neighbours.
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

/** Two things measured right after each other, so that a disturbance of the machine affects both. */
export interface Pair {
  readonly subject: number;
  readonly reference: number;
}

/** Returns the spread of the pairs' ratios of subject to reference. */
export function ratio(pairs: readonly Pair[]): Spread {
  return spread(pairs.map(({ subject, reference }) => subject / reference));
}

/** The cost of one unit of work at a size of the data. */
export interface GrowthPoint {
  readonly size: number;
  readonly cost: number;
}

/**
 * Returns the power of the size with which the cost grows (least squares on logarithms): 0 is flat, 1 is proportional.
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
