import { BackupError } from './backup-format.ts';
import { isLockTimeout } from './sql-state.ts';

/** How long a backup and a restore wait for a table that something else has locked. */
export const LOCK_WAIT = '60s';

/**
 * Turns the error of a lock that was not had in time into words.
 * @throws BackupError for such an error; any other error as it is.
 */
export function tellLocked(error: unknown): never {
  if (!isLockTimeout(error)) throw error;
  throw new BackupError(`The tables were in use for ${LOCK_WAIT}: end what works on them, and try again.`, {
    cause: error,
  });
}
