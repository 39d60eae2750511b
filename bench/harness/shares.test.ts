import { expect, test } from 'vitest';
import { shares } from './shares.ts';

test('deals every item out once', () => {
  expect(shares(['a', 'b', 'c', 'd', 'e'], 2)).toEqual([
    ['a', 'c', 'e'],
    ['b', 'd'],
  ]);
});

test('gives the same item to several takers where there are too few', () => {
  expect(shares(['a'], 3)).toEqual([['a'], ['a'], ['a']]);
  expect(shares(['a', 'b'], 3)).toEqual([['a'], ['b'], ['a']]);
});
