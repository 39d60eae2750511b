import { expect, test } from 'vitest';
import { exponent, median, quantile, ratio, spread } from './statistics.ts';

test('the median is the middle value, or the mean of the two middle values', () => {
  expect(median([9, 1, 5])).toBe(5);
  expect(median([4, 1, 3, 2])).toBe(2.5);
  expect(() => median([])).toThrow(RangeError);
});

test('a quantile is interpolated between its neighbours', () => {
  expect(quantile([30, 10, 20], 0)).toBe(10);
  expect(quantile([30, 10, 20], 0.75)).toBe(25);
  expect(quantile([30, 10, 20], 1)).toBe(30);
});

test('values are not sorted in place', () => {
  const values = [3, 1, 2];
  expect(spread(values)).toEqual({ median: 2, low: 1, high: 3 });
  expect(values).toEqual([3, 1, 2]);
});

test('ratios are of pairs, so a machine that slows down for both does not matter', () => {
  const pairs = [
    { subject: 80, reference: 100 },
    { subject: 8, reference: 10 },
    { subject: 45, reference: 50 },
  ];
  expect(ratio(pairs)).toEqual({ median: 0.8, low: 0.8, high: 0.9 });
});

test.each([
  ['flat', (size: number) => size ** 0, 0],
  ['proportional', (size: number) => 3 * size, 1],
  ['quadratic', (size: number) => size ** 2, 2],
])('the exponent shows %s growth', (_name, cost, expected) => {
  const points = [1e3, 1e4, 1e5].map((size) => ({ size, cost: cost(size) }));
  expect(exponent(points)).toBeCloseTo(expected);
});

test('one size shows no growth', () => {
  expect(() => exponent([{ size: 10, cost: 1 }])).toThrow(RangeError);
});
