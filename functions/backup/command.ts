import { parseCommandLine, UsageError } from '@terse/command-line/command-line';

export const USAGE = `Copies the database into a file, as of one moment, while Terse runs.
It is the database at DATABASE_URL, or the one in DATA_DIR.

  npm run backup -- FILE             makes the file
  npm run backup -- FILE --force     replaces an existing file
  npm run --silent backup -- -       writes to standard output
`;

/**
 * Returns the file, and whether it may be replaced.
 * @throws UsageError unless the command line names one file.
 */
export function readBackupCommand(args: readonly string[]): { file: string; overwrite: boolean } {
  const { words, options } = parseCommandLine(args, { force: 'flag' });
  const [file, extra] = words;
  if (!file) throw new UsageError('Name the file.');
  if (extra !== undefined) throw new UsageError(`Name one file: ${extra} is one too many.`);
  return { file, overwrite: options.force !== undefined };
}
