import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';

/** Gives a folder back. */
export type Unlock = () => void;

/** What SQLite calls a file that another process has locked: https://www.sqlite.org/rescode.html#busy. */
const SQLITE_BUSY = 5;

/**
 * Takes a folder for this process alone, and makes it when it is not there. The operating system drops the lock when the
 * process ends, however it ends, because it is the file lock of an SQLite transaction that is never committed.
 * @returns `undefined` when another process has the folder.
 * @throws Error when the folder cannot be written.
 */
export function tryLockDirectory(directory: string): Unlock | undefined {
  mkdirSync(directory, { recursive: true });
  const lock = new DatabaseSync(join(directory, 'lock'), { timeout: 0 });
  try {
    lock.exec('begin exclusive');
  } catch (error) {
    lock.close();
    if (error instanceof Error && 'errcode' in error && error.errcode === SQLITE_BUSY) return undefined;
    throw error;
  }
  writeFileSync(holderFile(directory), String(process.pid));
  return () => lock.close();
}

/**
 * Takes a folder for this process alone, as `tryLockDirectory` does.
 * @throws Error naming the holder when another process has the folder.
 */
export function lockDirectory(directory: string): Unlock {
  const unlock = tryLockDirectory(directory);
  if (unlock) return unlock;
  throw new Error(`${directory} is in use by another process (pid ${readHolder(directory)}).`);
}

function holderFile(directory: string): string {
  return join(directory, 'pid');
}

function readHolder(directory: string): string {
  try {
    return readFileSync(holderFile(directory), 'utf8');
  } catch {
    return 'unknown';
  }
}
