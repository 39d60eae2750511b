import { expect, test, vi } from 'vitest';
import { backoffMs } from './backoff.ts';

const waits = (count: number) =>
  Array.from({ length: count }, (_, failures) => backoffMs(failures, { firstMs: 50, maxMs: 300 }));

test('doubles with each failure, up to a bound', () => {
  vi.spyOn(Math, 'random').mockReturnValue(1);
  expect(waits(5)).toEqual([50, 100, 200, 300, 300]);
  expect(backoffMs(10_000, { firstMs: 50, maxMs: 300 })).toBe(300);
});

test('is at least half as long, by chance', () => {
  vi.spyOn(Math, 'random').mockReturnValue(0);
  expect(waits(5)).toEqual([25, 50, 100, 150, 150]);
});
