import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';

/**
 * Takes a folder for this process alone. The operating system drops the lock when the process ends, however it ends,
 * because it is the file lock of an SQLite transaction that is never committed.
 * @returns a function that gives the folder back.
 * @throws Error naming the holder when another process has the folder.
 */
export function lockDirectory(directory: string): () => void {
  mkdirSync(directory, { recursive: true });
  const holder = join(directory, 'pid');
  const lock = new DatabaseSync(join(directory, 'lock'), { timeout: 0 });
  try {
    lock.exec('begin exclusive');
  } catch (error) {
    lock.close();
    throw new Error(`${directory} is in use by another process (pid ${readHolder(holder)}).`, {
      cause: error,
    });
  }
  writeFileSync(holder, String(process.pid));
  return () => lock.close();
}

function readHolder(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return 'unknown';
  }
}
