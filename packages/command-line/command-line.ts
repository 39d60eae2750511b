import { parseArgs } from 'node:util';

/** A wrong command line. The message says what is wrong. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/** Options by name. A `flag` has no value; a `value` has one. */
type Options = Readonly<Record<string, 'flag' | 'value'>>;

export interface CommandLine<O extends Options> {
  readonly words: readonly string[];
  /** The options that were given; a flag has an empty value. */
  readonly options: { readonly [Name in keyof O]?: string };
}

const WRONG_USAGE = 2;

/**
 * Reads the words and options of a command.
 * @throws UsageError for an option that is unknown or given twice, a flag with a value, or an option without one.
 */
export function parseCommandLine<O extends Options>(args: readonly string[], known: O): CommandLine<O> {
  const { tokens } = parseArgs({
    args: [...args],
    strict: false,
    tokens: true,
    options: Object.fromEntries(
      Object.entries(known).map(([name, kind]) => [name, { type: kind === 'flag' ? 'boolean' : 'string' }]),
    ),
  });
  const words: string[] = [];
  const options: Record<string, string> = {};
  for (const token of tokens) {
    if (token.kind === 'positional') words.push(token.value);
    if (token.kind !== 'option') continue;
    const { name, rawName, value } = token;
    if (!Object.hasOwn(known, name) || rawName !== `--${name}`) {
      throw new UsageError(`There is no option ${rawName}.`);
    }
    if (Object.hasOwn(options, name)) throw new UsageError(`${rawName} is given twice.`);
    if (known[name] === 'flag' && value !== undefined) throw new UsageError(`${rawName} takes no value.`);
    if (known[name] === 'value' && value === undefined) throw new UsageError(`${rawName} needs a value.`);
    options[name] = value ?? '';
  }
  return { words, options };
}

/**
 * Checks the words of a command that takes none.
 * @throws UsageError when there are any.
 */
export function refuseWords([word]: readonly string[]): void {
  if (word !== undefined) throw new UsageError(`There is no command ${word}.`);
}

/**
 * Reads the value of an option as a whole number, without sign or leading zeros.
 * @throws UsageError when it is none, or not within the bounds.
 */
export function wholeNumber(option: string, text: string, min: number, max: number): number {
  const number = Number(text);
  if (/^(?:0|[1-9]\d*)$/.test(text) && number >= min && number <= max) return number;
  throw new UsageError(`${option} must be a whole number from ${min} to ${max}.`);
}

/**
 * Returns what `read` makes of the command line of this process. `--help` prints the usage and ends the process with
 * exit code 0. A UsageError of `read` prints its message and the usage to standard error, and ends it with exit code 2.
 */
export function commandLine<T>(usage: string, read: (args: readonly string[]) => T): T {
  const args = process.argv.slice(2);
  const ownArgs = args.slice(0, args.includes('--') ? args.indexOf('--') : undefined);
  if (ownArgs.includes('--help')) {
    process.stdout.write(`${usage.trimEnd()}\n`);
    process.exit(0);
  }
  try {
    return read(args);
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    process.stderr.write(`${error.message}\n\n${usage.trimEnd()}\n`);
    process.exit(WRONG_USAGE);
  }
}
