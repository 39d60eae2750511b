import { parseArgs } from 'node:util';

/** A command line that means nothing. The message says why. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/** Options by name: `flag` stands alone, `value` takes one. */
type Options = Readonly<Record<string, 'flag' | 'value'>>;

export interface CommandLine<O extends Options> {
  readonly words: readonly string[];
  /** Those that were given; a flag is the empty text. */
  readonly options: { readonly [Name in keyof O]?: string };
}

const WRONG_USAGE = 2;

/**
 * Reads the words and options of a command.
 * @throws UsageError for an option that is unknown, given twice, or has a value where it takes none, or none where it
 * takes one.
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
    if (!Object.hasOwn(known, name) || rawName !== `--${name}`)
      throw new UsageError(`There is no option ${rawName}.`);
    if (Object.hasOwn(options, name)) throw new UsageError(`${rawName} is given twice.`);
    if (known[name] === 'flag' && value !== undefined) throw new UsageError(`${rawName} takes no value.`);
    if (known[name] === 'value' && value === undefined) throw new UsageError(`${rawName} needs a value.`);
    options[name] = value ?? '';
  }
  return { words, options };
}

/** @throws UsageError when there are words: the command takes none. */
export function refuseWords([word]: readonly string[]): void {
  if (word !== undefined) throw new UsageError(`There is no command ${word}.`);
}

/** @throws UsageError unless the text is a whole number within the bounds, as people write it. */
export function wholeNumber(option: string, text: string, min: number, max: number): number {
  const number = Number(text);
  if (/^(?:0|[1-9]\d*)$/.test(text) && number >= min && number <= max) return number;
  throw new UsageError(`${option} must be a whole number from ${min} to ${max}.`);
}

/**
 * What `read` makes of the command line of this process. Ends the process instead where that asks for help, with exit
 * code 0, and where `read` throws a UsageError, with the reason and the usage on standard error and exit code 2.
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
