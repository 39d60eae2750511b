import { parseArgs } from 'node:util';

export interface Arguments<Name extends string> {
  /** In the order in which they run. */
  readonly suites: readonly Name[];
  /** The sizes of the goals, where the usual run uses smaller ones. */
  readonly full: boolean;
  /** How often each comparison is repeated. */
  readonly pairs: number;
  readonly secondsPerRun: number;
  /** Where to leave CPU profiles of the functions. */
  readonly profile: string | undefined;
  readonly help: boolean;
}

const MAX_PAIRS = 99;
const MAX_SECONDS = 60;

/**
 * Reads the command line of the benchmarks.
 * @throws Error that says what is wrong with it.
 */
export function parseArguments<Name extends string>(
  args: readonly string[],
  known: readonly Name[],
): Arguments<Name> {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      full: { type: 'boolean', default: false },
      pairs: { type: 'string' },
      seconds: { type: 'string' },
      profile: { type: 'string' },
      help: { type: 'boolean', default: false },
    },
  });
  const unknown = positionals.filter((name) => !known.some((suite) => suite === name));
  if (unknown.length > 0) throw new Error(`There is no suite ${unknown.join(', ')}.`);
  return {
    suites: positionals.length === 0 ? known : known.filter((name) => positionals.includes(name)),
    full: values.full,
    pairs: whole('pairs', values.pairs ?? (values.full ? '7' : '3'), MAX_PAIRS),
    secondsPerRun: whole('seconds', values.seconds ?? (values.full ? '10' : '4'), MAX_SECONDS),
    profile: values.profile,
    help: values.help,
  };
}

function whole(name: string, text: string, max: number): number {
  const number = Number(text);
  if (Number.isInteger(number) && number >= 1 && number <= max) return number;
  throw new Error(`--${name} must be a whole number from 1 to ${max}.`);
}
