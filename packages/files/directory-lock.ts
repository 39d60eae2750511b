import { closeSync, openSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { makeDirectory, PRIVATE_FILE } from './make-directory.ts';

/** An exclusive lock on a folder. */
export interface DirectoryLock {
  /** Whether folder and lock file are still the ones that were locked: not removed, replaced or covered by a mount. */
  isIntact(): boolean;
  /** Releases the lock. */
  unlock(): void;
}

/** What SQLite calls a file that another process has locked: https://www.sqlite.org/rescode.html#busy. */
const SQLITE_BUSY = 5;
const LOCK = 'lock';
const HOLDER = 'pid';

/**
 * Takes a folder for this process alone, and makes it when it is not there. The operating system drops the lock when
 * the process ends, however it ends, because it is the file lock of an SQLite transaction that is never committed.
 * @returns `undefined` when another process has the folder.
 * @throws Error naming the folder when it cannot be made or written.
 */
export function tryLockDirectory(directory: string): DirectoryLock | undefined {
  makeDirectory(directory);
  const path = join(directory, LOCK);
  let lock: DatabaseSync;
  try {
    makeLockFile(path);
    lock = new DatabaseSync(path, { timeout: 0 });
  } catch (error) {
    throw new Error(`The folder ${directory} cannot be written.`, { cause: error });
  }
  try {
    lock.exec('begin exclusive');
    const taken = [identityOf(directory), identityOf(path)];
    writeFileSync(join(directory, HOLDER), String(process.pid), { mode: PRIVATE_FILE });
    return {
      isIntact: () => identityOf(directory) === taken[0] && identityOf(path) === taken[1],
      unlock: () => lock.close(),
    };
  } catch (error) {
    lock.close();
    if (error instanceof Error && 'errcode' in error && error.errcode === SQLITE_BUSY) return undefined;
    throw new Error(`The folder ${directory} cannot be locked.`, { cause: error });
  }
}

/**
 * Takes a folder for this process alone, as `tryLockDirectory` does.
 * @throws Error naming the holder when another process has the folder.
 */
export function lockDirectory(directory: string): DirectoryLock {
  const lock = tryLockDirectory(directory);
  if (lock) return lock;
  throw new Error(`${directory} is in use by another process (pid ${readHolder(directory)}).`);
}

/**
 * Makes the file before SQLite does, which would make it readable to others. Never opens an existing one: POSIX drops
 * all locks of a process on a file when the process closes any descriptor of it.
 */
function makeLockFile(path: string): void {
  try {
    closeSync(openSync(path, 'wx', PRIVATE_FILE));
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error;
  }
}

/** Device and inode; `undefined` when nothing is there, or when it cannot be read. */
function identityOf(path: string): string | undefined {
  try {
    const { dev, ino } = statSync(path);
    return `${dev}:${ino}`;
  } catch {
    return undefined;
  }
}

function readHolder(directory: string): string {
  try {
    return readFileSync(join(directory, HOLDER), 'utf8');
  } catch {
    return 'unknown';
  }
}
