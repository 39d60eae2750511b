import { BackupError } from './backup-format.ts';
import { isLockTimeout } from './sql-state.ts';

/** How long a backup and a restore wait for a table that something else has locked. */
export const LOCK_WAIT = '60s';

/** @throws BackupError when a lock was waited for in vain; the error itself otherwise. */
export function tellLocked(error: unknown): never {
  if (!isLockTimeout(error)) throw error;
  throw new BackupError(`The tables were in use for ${LOCK_WAIT}: end what works on them, and try again.`, {
    cause: error,
  });
}
