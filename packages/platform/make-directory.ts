import { accessSync, constants, mkdirSync, readlinkSync, rmdirSync, statSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { REASONS, refusal } from './refusal.ts';

/** Only the user of the process may read what visitors sent. */
export const PRIVATE_DIRECTORY = 0o700;
export const PRIVATE_FILE = 0o600;

/**
 * Makes a folder and its parents, for this user alone; an existing folder stays as it is. Replaces Node's `recursive`,
 * which never returns when a file system answers "no such file" to `mkdir`, as `/proc` does.
 * @returns the folders that it made, the outermost first.
 * @throws Error naming the folder when it cannot be made, or when the name belongs to something else; then none is
 * made.
 */
export function makeDirectory(directory: string): readonly string[] {
  const made: string[] = [];
  try {
    for (const path of missingFolders(directory)) if (makeOne(path)) made.push(path);
  } catch (error) {
    removeEmpty(made);
    throw error;
  }
  return made;
}

/**
 * Checks that `makeDirectory` could make a folder, or that this process can write an existing one. Makes nothing.
 * @throws Error naming the folder when it cannot.
 */
export function refuseUnusableFolder(directory: string): void {
  const missing = missingFolders(directory);
  const [outermost] = missing;
  // Finds a name that the file system does not take.
  for (const path of missing) statOf(path, join(dirname(outermost ?? path), basename(path)));
  const mayAdd = constants.W_OK | constants.X_OK;
  try {
    if (outermost === undefined) accessSync(directory, constants.R_OK | mayAdd);
    else accessSync(dirname(outermost), mayAdd);
  } catch (error) {
    throw outermost === undefined
      ? refusal(`The folder ${directory} cannot be written.`, error)
      : cannotBeMade(outermost, error);
  }
}

/** Removes those folders that `makeDirectory` made and that are empty. */
export function removeEmpty(made: readonly string[]): void {
  try {
    for (const path of made.toReversed()) rmdirSync(path);
  } catch {
    // The folder is in use, and so are those around it.
  }
}

/** The missing folders of a path, the outermost first. */
function missingFolders(directory: string): string[] {
  const missing: string[] = [];
  for (let path = resolve(directory); !isDirectory(path); path = dirname(path)) missing.unshift(path);
  return missing;
}

/** @returns whether it was this process that made it. */
function makeOne(path: string): boolean {
  try {
    mkdirSync(path, { mode: PRIVATE_DIRECTORY });
    return true;
  } catch (error) {
    // Another process may have made it meanwhile.
    if (isDirectory(path)) return false;
    throw cannotBeMade(path, error);
  }
}

/** The parent exists, so `mkdir` answers ENOENT only on a file system such as `/proc`. */
const OF_MAKING = { ...REASONS, ENOENT: 'its file system takes none' };

function cannotBeMade(path: string, error: unknown): Error {
  return refusal(`The folder ${path} cannot be made.`, error, OF_MAKING);
}

/**
 * Whether there is a folder of this name.
 * @throws Error when the name belongs to something else, or cannot be reached.
 */
export function isDirectory(path: string): boolean {
  const stats = statOf(path);
  if (stats && !stats.isDirectory()) throw new Error(`${path} is not a folder.`);
  if (!stats) refuseDanglingLink(path);
  return stats !== undefined;
}

function refuseDanglingLink(path: string): void {
  let target: string;
  try {
    target = readlinkSync(path);
  } catch {
    // It is no link.
    return;
  }
  throw new Error(`${path} is a link to ${target}, which is not there.`);
}

function statOf(path: string, at = path) {
  try {
    return statSync(at, { throwIfNoEntry: false });
  } catch (error) {
    throw refusal(`The folder ${path} cannot be reached.`, error);
  }
}
