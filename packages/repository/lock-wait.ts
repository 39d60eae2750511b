import { BackupError } from './backup-format.ts';
import { isLockTimeout } from './sql-state.ts';

/** How long a backup or a restore waits for a locked table. */
export const LOCK_WAIT = '60s';

/**
 * Explains the error of a lock that was not taken in time.
 * @throws BackupError for such an error; any other error as it is.
 */
export function tellLocked(error: unknown): never {
  if (!isLockTimeout(error)) throw error;
  throw new BackupError(`The tables were locked for ${LOCK_WAIT}. End what works on them, and try again.`, {
    cause: error,
  });
}
