import { parseCommandLine, UsageError } from '@terse/command-line/command-line';

export const USAGE = `Restores a backup into an empty database, all of it or nothing.
It is the database at DATABASE_URL, or the one in DATA_DIR.

  npm run restore -- FILE    reads the file
  npm run restore -- -       reads standard input
`;

/** Returns the file. @throws UsageError unless the command line names one file. */
export function readRestoreCommand(args: readonly string[]): { file: string } {
  const [file, extra] = parseCommandLine(args, {}).words;
  if (!file) throw new UsageError('Name the file.');
  if (extra !== undefined) throw new UsageError(`Name one file: ${extra} is one too many.`);
  return { file };
}
