import { randomUUID } from 'node:crypto';
import { closeSync, openSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { makeDirectory, PRIVATE_FILE } from './make-directory.ts';
import { isAlive } from './process-alive.ts';
import { refusal } from './refusal.ts';

/** An exclusive lock on a folder. */
export interface DirectoryLock {
  /** Whether folder and lock file are those that were locked: not removed, replaced or covered by a mount. */
  isIntact(): boolean;
  /** Releases the lock. */
  unlock(): void;
  /** Releases the lock of a folder that was not used, and removes the lock's files if they are still its own. */
  remove(): void;
}

/** SQLite's code for a file that it cannot lock: https://www.sqlite.org/rescode.html#busy. */
const SQLITE_BUSY = 5;
/** The longest path that SQLite opens, with `-journal` added. */
const MAX_PATH_BYTES = 504;
const LOCK = 'lock';
const HOLDER = 'pid';
const HOLDER_TRIES = 20;
const HOLDER_WAIT_MS = 5;

/**
 * Locks a folder for this process alone, and makes it when it is missing. The lock is the file lock of an SQLite
 * transaction that is never committed, so the operating system drops it when the process ends, even by a kill.
 * @returns `undefined` when another process has the folder.
 * @throws Error naming the folder when it cannot be made or written, or when its file system keeps no locks.
 */
export function tryLockDirectory(directory: string): DirectoryLock | undefined {
  const path = join(directory, LOCK);
  if (Buffer.byteLength(resolve(path)) > MAX_PATH_BYTES) {
    throw new Error(`The path ${directory} is too long.`);
  }
  makeDirectory(directory);
  const lock = tryLockFile(path);
  if (lock) return taken(directory, path, lock);
  if (!refusesLocks(directory)) return undefined;
  rmSync(path, { force: true });
  throw new Error(`The folder ${directory} cannot be locked: its file system keeps no locks.`);
}

/** Tells a file system without locks from a taken lock, which SQLite does not: a new file cannot be taken. */
function refusesLocks(directory: string): boolean {
  const probe = join(directory, `.lock-${randomUUID()}`);
  try {
    const lock = tryLockFile(probe);
    lock?.close();
    return lock === undefined;
  } catch {
    // Such as on a full disk. Another process has the folder, so its file system has locks.
    return false;
  } finally {
    rmSync(probe, { force: true });
  }
}

/** @returns `undefined` when it cannot be locked. */
function tryLockFile(path: string): DatabaseSync | undefined {
  let lock: DatabaseSync | undefined;
  try {
    makeLockFile(path);
    lock = new DatabaseSync(path, { timeout: 0 });
    lock.exec('begin exclusive');
    return lock;
  } catch (error) {
    lock?.close();
    if (error instanceof Error && 'errcode' in error && error.errcode === SQLITE_BUSY) return undefined;
    throw cannotBeWritten(dirname(path), error);
  }
}

function taken(directory: string, path: string, lock: DatabaseSync): DirectoryLock {
  const identities = [identityOf(directory), identityOf(path)];
  try {
    writeFileSync(join(directory, HOLDER), `${process.pid} ${hostname()}`, { mode: PRIVATE_FILE });
  } catch (error) {
    lock.close();
    throw cannotBeWritten(directory, error);
  }
  const isIntact = () => identityOf(directory) === identities[0] && identityOf(path) === identities[1];
  return {
    isIntact,
    unlock: () => lock.close(),
    remove: () => {
      if (isIntact()) for (const name of [HOLDER, LOCK]) rmSync(join(directory, name), { force: true });
      lock.close();
    },
  };
}

function cannotBeWritten(directory: string, cause: unknown): Error {
  return refusal(`The folder ${directory} cannot be written.`, cause);
}

/**
 * Locks a folder for this process alone, as `tryLockDirectory` does.
 * @throws Error naming the holder when another process has the folder.
 */
export function lockDirectory(directory: string): DirectoryLock {
  const lock = tryLockDirectory(directory);
  if (lock) return lock;
  throw new Error(
    `${directory} is in use by another process (${readHolder(directory)}). Stop that one first.`,
  );
}

/**
 * Makes the file before SQLite does, which would make it readable to others. Never opens an existing file, because
 * POSIX drops all locks of a process on a file when the process closes any descriptor of it.
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

/** Waits for the pid of a living process, which writes it just after it has locked the folder. */
function readHolder(directory: string): string {
  let holder = 'pid unknown';
  for (let tries = 0; tries < HOLDER_TRIES; tries++) {
    try {
      const [pid, host] = readFileSync(join(directory, HOLDER), 'utf8').split(' ');
      if (pid && host && host !== hostname()) return `pid ${pid} on ${host}`;
      if (pid) holder = `pid ${pid}`;
      if (isAlive(Number(pid))) break;
    } catch {
      // It is not written yet.
    }
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, HOLDER_WAIT_MS);
  }
  return holder;
}
