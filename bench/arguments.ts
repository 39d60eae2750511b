import { parseCommandLine, UsageError, wholeNumber } from '@terse/command-line/command-line';

export interface Arguments<Name extends string> {
  /** In the order in which they run. */
  readonly suites: readonly Name[];
  /** Whether to measure at the sizes of the goals; the usual run has smaller ones. */
  readonly full: boolean;
  /** How often each comparison is repeated. */
  readonly pairs: number;
  readonly secondsPerRun: number;
  /** The folder for CPU profiles of the functions. */
  readonly profile: string | undefined;
  /** The checkout to compare this one with, in suites that compare checkouts. */
  readonly before: string | undefined;
}

const MAX_PAIRS = 99;
const MAX_SECONDS = 60;

/**
 * Reads the command line of the benchmarks.
 * @throws UsageError with the reason when it is wrong.
 */
export function parseArguments<Name extends string>(
  args: readonly string[],
  known: readonly Name[],
): Arguments<Name> {
  const { words, options } = parseCommandLine(args, {
    full: 'flag',
    pairs: 'value',
    seconds: 'value',
    profile: 'value',
    before: 'value',
  });
  const unknown = words.filter((name) => !known.some((suite) => suite === name));
  if (unknown.length > 0) throw new UsageError(`There is no suite ${unknown.join(', ')}.`);
  const full = options.full !== undefined;
  return {
    suites: words.length === 0 ? known : known.filter((name) => words.includes(name)),
    full,
    pairs: wholeNumber('--pairs', options.pairs ?? (full ? '7' : '3'), 1, MAX_PAIRS),
    secondsPerRun: wholeNumber('--seconds', options.seconds ?? (full ? '10' : '4'), 1, MAX_SECONDS),
    profile: options.profile,
    before: options.before,
  };
}
