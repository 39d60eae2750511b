import { expect, test } from 'vitest';
import { parseArguments } from './arguments.ts';

const SUITES = ['hot', 'writer', 'growth'] as const;

test('without names, every suite runs with the smaller sizes', () => {
  expect(parseArguments([], SUITES)).toEqual({
    suites: SUITES,
    full: false,
    pairs: 3,
    secondsPerRun: 4,
    profile: undefined,
    before: undefined,
  });
});

test('named suites run in the usual order, each once', () => {
  expect(parseArguments(['growth', 'hot', 'growth'], SUITES).suites).toEqual(['hot', 'growth']);
});

test('the full run is longer by default', () => {
  expect(parseArguments(['--full'], SUITES)).toMatchObject({ full: true, pairs: 7, secondsPerRun: 10 });
  expect(parseArguments(['--full', '--pairs', '2', '--seconds=1'], SUITES)).toMatchObject({
    pairs: 2,
    secondsPerRun: 1,
  });
});

test('returns the path of another checkout unchanged', () => {
  expect(parseArguments(['hot', '--before', '../before'], SUITES)).toMatchObject({
    suites: ['hot'],
    before: '../before',
  });
});

test.each([
  [['cold'], 'no suite cold'],
  [['--pairs', '0'], '--pairs'],
  [['--pairs', 'many'], '--pairs'],
  [['--seconds', '1.5'], '--seconds'],
  [['--before'], '--before'],
  [['--fast'], '--fast'],
])('%j is refused with a reason', (args, reason) => {
  expect(() => parseArguments(args, SUITES)).toThrow(reason);
});
