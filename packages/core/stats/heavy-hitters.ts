/** How many values of a dimension are counted apart for each link and month. */
export const MAX_VALUES = 1000;
/** The row of all other values. No value of a visit begins with a parenthesis: see `hostOf`. */
export const OTHER_VALUE = '(other)';

/** How many visits had each value on each day: `days[2]?.[0]` are those of the first value on the third day, if any. */
export interface DailyCounts {
  readonly values: string[];
  readonly days: number[][];
  /** How many visits of `(other)` may belong to each value. Absent while every value has a place. */
  errors?: number[];
}

/**
 * Returns a function that adds visits with a value to a month's counts. By space-saving (Metwally, Agrawal, El Abbadi
 * 2005), a value without a place takes the place of the one with the fewest visits, and that number becomes its
 * error. So a value with more than a `MAX_VALUES`th of all visits has a place, in whatever order visits come. Counts
 * stay exact: the visits of a value that leaves go to `OTHER_VALUE`.
 */
export function createMonthlyCounter(
  counts: DailyCounts,
): (day: number, value: string, visits: number) => void {
  const { values, days } = counts;
  const places = new Map(values.map((value, place) => [value, place]));
  /** The upper bound on the visits of each value; computed only once all places are taken. */
  let estimates: number[] | undefined;

  function placeOf(value: string): number {
    const known = places.get(value);
    if (known !== undefined) return known;
    const toldApart = values.length - (places.has(OTHER_VALUE) ? 1 : 0);
    if (value !== OTHER_VALUE && toldApart >= MAX_VALUES) return replaceFewest(value);
    places.set(value, values.length);
    return values.push(value) - 1;
  }

  function replaceFewest(value: string): number {
    const other = placeOf(OTHER_VALUE);
    estimates ??= estimatesOf(counts);
    const place = smallest(estimates);
    for (const ofDay of days) {
      addAt(ofDay, other, ofDay[place] ?? 0);
      if (place < ofDay.length) ofDay[place] = 0;
    }
    places.delete(values[place] ?? '');
    places.set(value, place);
    values[place] = value;
    counts.errors ??= [];
    while (counts.errors.length < place) counts.errors.push(0);
    counts.errors[place] = estimates[place] ?? 0;
    return place;
  }

  return (day, value, visits) => {
    const place = placeOf(value);
    while (days.length <= day) days.push([]);
    addAt(days[day] ?? [], place, visits);
    if (estimates) estimates[place] = (estimates[place] ?? 0) + visits;
  };
}

/** Returns a function that gives the most visits of `OTHER_VALUE` that may belong to a value. */
export function errorsOf(counts: DailyCounts): (value: string) => number {
  const { values, errors } = counts;
  const other = values.indexOf(OTHER_VALUE);
  if (other === -1) return () => 0;
  const estimates = estimatesOf(counts);
  // A month written by an earlier release has no errors: all visits of its late values are in `OTHER_VALUE`.
  const errorOfOthers = errors
    ? Math.min(...estimates)
    : counts.days.reduce((sum, ofDay) => sum + (ofDay[other] ?? 0), 0);
  const places = new Map(values.map((value, place) => [value, place]));
  return (value) => {
    const place = places.get(value);
    return place === undefined ? errorOfOthers : (errors?.[place] ?? 0);
  };
}

function estimatesOf({ values, days, errors = [] }: DailyCounts): number[] {
  const estimates = values.map((value, place) => (value === OTHER_VALUE ? Infinity : (errors[place] ?? 0)));
  for (const ofDay of days) {
    for (let place = 0; place < ofDay.length; place++) {
      estimates[place] = (estimates[place] ?? 0) + (ofDay[place] ?? 0);
    }
  }
  return estimates;
}

function smallest(numbers: readonly number[]): number {
  let at = 0;
  let least = Infinity;
  for (let index = 0; index < numbers.length; index++) {
    const number = numbers[index] ?? Infinity;
    if (number < least) {
      least = number;
      at = index;
    }
  }
  return at;
}

/** Adds to `numbers[index]`, filling the row with zeros up to it. */
export function addAt(numbers: number[], index: number, more: number): void {
  if (more === 0) return;
  while (numbers.length <= index) numbers.push(0);
  numbers[index] = (numbers[index] ?? 0) + more;
}
