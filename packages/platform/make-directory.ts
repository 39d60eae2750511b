import { mkdirSync, statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';

/** Only the user of the process may read what visitors sent. */
export const PRIVATE_DIRECTORY = 0o700;
export const PRIVATE_FILE = 0o600;

/**
 * Makes a folder and its parents, for this user alone; an existing folder stays as it is. Replaces Node's
 * `recursive`, which never returns where a file system answers "no such file" to `mkdir`, as `/proc` does.
 * @throws Error naming the folder when it cannot be made, or when the name belongs to something else.
 */
export function makeDirectory(directory: string): void {
  const path = resolve(directory);
  if (isDirectory(path)) return;
  const parent = dirname(path);
  if (parent !== path) makeDirectory(parent);
  try {
    mkdirSync(path, { mode: PRIVATE_DIRECTORY });
  } catch (error) {
    // Another process may have made it meanwhile.
    if (isDirectory(path)) return;
    throw new Error(`The folder ${path} cannot be made.`, { cause: error });
  }
}

/**
 * Whether there is a folder of this name.
 * @throws Error when the name belongs to something else.
 */
export function isDirectory(path: string): boolean {
  const stats = statSync(path, { throwIfNoEntry: false });
  if (stats && !stats.isDirectory()) throw new Error(`${path} is not a folder.`);
  return stats !== undefined;
}
