import { notWhole } from './folder.ts';

/** What the server logs, before it is ready, about missing or unreadable files. */
const SAYS_DAMAGE =
  /checkpoint record|status of transaction|control file|mapping file|pg_hba\.conf|could not (?:open|read) (?:file|block)|invalid (?:page|magic)|not a valid data directory|incompatible with server/;
/** Lines that match, but tell of the disk instead. */
const IS_OF_THE_DISK = /Permission denied|No space left|Read-only|Input\/output error/;

/**
 * SQLSTATE of the same once it is ready: no such database, no such file, corrupted data or index, an internal error.
 * https://www.postgresql.org/docs/18/errcodes-appendix.html
 */
const IS_DAMAGE = /^(?:3D000|58P01|XX\d\d\d)$/;

const NO_FILE = /could not open file "([^"]+)": No such file/;
const AT_START = /^The database in .+ cannot be started: (.+)$/s;

/**
 * Explains an error that a damaged cluster causes, and says what to do.
 * @returns the new error, or any other error as it is.
 */
export function explainDamage(error: unknown, directory: string): unknown {
  for (let cause = error; cause instanceof Error; cause = cause.cause) {
    const said = damageIn(cause);
    if (said !== undefined) return damaged(directory, said);
  }
  return error;
}

function damageIn(error: Error): string | undefined {
  const code = 'code' in error ? String(error.code) : undefined;
  const said = code === undefined ? AT_START.exec(error.message)?.[1] : error.message;
  if (said === undefined || IS_OF_THE_DISK.test(said)) return undefined;
  return SAYS_DAMAGE.test(said) || IS_DAMAGE.test(code ?? '') ? said : undefined;
}

function damaged(directory: string, said: string): Error {
  const [, file] = NO_FILE.exec(said) ?? [];
  if (file !== undefined) return notWhole(directory, file);
  return new Error(
    `The database in ${directory} is damaged: ${said}. Copy it anew, or restore a backup into another DATA_DIR.`,
  );
}
