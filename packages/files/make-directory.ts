import { mkdirSync, statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';

/** Only the user that the process runs as: what visitors sent lies in here. */
export const PRIVATE_DIRECTORY = 0o700;
export const PRIVATE_FILE = 0o600;

/**
 * Makes a folder and those above it, for this user alone. A folder that is there stays as it is. Node's own `recursive`
 * never returns where a file system answers "no such file" to `mkdir`, as `/proc` does.
 * @throws Error naming the folder when it cannot be made, or when something else has its name.
 */
export function makeDirectory(directory: string): void {
  const path = resolve(directory);
  if (isDirectory(path)) return;
  const parent = dirname(path);
  if (parent !== path) makeDirectory(parent);
  try {
    mkdirSync(path, { mode: PRIVATE_DIRECTORY });
  } catch (error) {
    // Another process was faster.
    if (isDirectory(path)) return;
    throw new Error(`The folder ${path} cannot be made.`, { cause: error });
  }
}

function isDirectory(path: string): boolean {
  const stats = statSync(path, { throwIfNoEntry: false });
  if (stats && !stats.isDirectory()) throw new Error(`${path} is not a folder.`);
  return stats !== undefined;
}
