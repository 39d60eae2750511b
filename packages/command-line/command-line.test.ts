import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseCommandLine, refuseWords, UsageError, wholeNumber } from './command-line.ts';

const KNOWN = { limit: 'value', long: 'flag' } as const;

test.each([
  [[], { words: [], options: {} }],
  [['list'], { words: ['list'], options: {} }],
  [['--limit', '5', 'list'], { words: ['list'], options: { limit: '5' } }],
  [['list', '--limit=5', '--long'], { words: ['list'], options: { limit: '5', long: '' } }],
  [['--limit', '-1'], { words: [], options: { limit: '-1' } }],
  [['--limit='], { words: [], options: { limit: '' } }],
  [['make', '--', '--limit'], { words: ['make', '--limit'], options: {} }],
  [['-'], { words: ['-'], options: {} }],
])('%j is read', (args, line) => {
  expect(parseCommandLine(args, KNOWN)).toEqual(line);
});

test.each([
  [['--fast'], 'There is no option --fast.'],
  [['--limits', '5'], 'There is no option --limits.'],
  [['--Limit', '5'], 'There is no option --Limit.'],
  [['--no-long'], 'There is no option --no-long.'],
  [['--constructor'], 'There is no option --constructor.'],
  [['--__proto__=1'], 'There is no option --__proto__.'],
  [['-l', '5'], 'There is no option -l.'],
  [['--limit'], '--limit needs a value.'],
  [['--long=yes'], '--long takes no value.'],
  [['--limit', '1', '--limit', '2'], '--limit is given twice.'],
])('%j is refused: %s', (args, reason) => {
  expect(() => parseCommandLine(args, KNOWN)).toThrow(new UsageError(reason));
});

test('any words are read, or refused as a wrong usage', () => {
  const words = fc.oneof(
    fc.string(),
    fc.constantFrom('--limit', '--long', '--', '-', '--limit=1', '-x', '--no-limit'),
  );
  fc.assert(
    fc.property(fc.array(words, { maxLength: 6 }), (args) => {
      let refusal: unknown;
      try {
        parseCommandLine(args, KNOWN);
      } catch (error) {
        refusal = error;
      }
      expect(refusal === undefined || refusal instanceof UsageError).toBe(true);
    }),
  );
});

describe('a whole number', () => {
  test.each(['1', '7', '10'])('may be %s', (text) => {
    expect(wholeNumber('--limit', text, 1, 10)).toBe(Number(text));
  });

  test.each([
    '',
    '0',
    '11',
    '-1',
    '+1',
    '01',
    '1.5',
    '1e1',
    '0x1',
    ' 1',
    '1 ',
    'abc',
    '１',
    'Infinity',
    '1n',
  ])('must not be %j', (text) => {
    expect(() => wholeNumber('--limit', text, 1, 10)).toThrow(
      new UsageError('--limit must be a whole number from 1 to 10.'),
    );
  });
});

test('a command without words refuses any', () => {
  expect(() => refuseWords([])).not.toThrow();
  expect(() => refuseWords(['now'])).toThrow('There is no command now.');
});
