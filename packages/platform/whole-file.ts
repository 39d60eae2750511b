import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createWriteStream, statSync } from 'node:fs';
import { rename, rm } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import type { Writable } from 'node:stream';
import { finished } from 'node:stream/promises';
import { PRIVATE_FILE } from './make-directory.ts';
import { syncDirectory } from './sync.ts';

const RANDOM_BYTES = 6;

/**
 * Writes a file that appears whole or not at all, readable to this user only. The file has another name until it is on
 * the disk.
 * @param overwrite whether it may replace another file.
 * @throws Error naming the file when its name is taken, or when it cannot be made.
 */
export async function writeWholeFile<T>(
  file: string,
  overwrite: boolean,
  write: (into: Writable) => Promise<T>,
): Promise<T> {
  const path = resolve(file);
  refuseTaken(path, overwrite);
  // Not named by the process id, which repeats in each run of a container: a killed run leaves its file behind.
  const part = `${path}.${randomBytes(RANDOM_BYTES).toString('hex')}.part`;
  const stream = createWriteStream(part, { flags: 'wx', mode: PRIVATE_FILE, flush: true });
  await once(stream, 'open').catch((error: NodeJS.ErrnoException) => {
    throw new Error(`${path} cannot be written (${error.code}).`);
  });
  try {
    const result = await write(stream);
    stream.end();
    await finished(stream);
    refuseTaken(path, overwrite);
    await rename(part, path);
    syncNames(path);
    return result;
  } catch (error) {
    stream.destroy();
    await rm(part, { force: true });
    throw error;
  }
}

function refuseTaken(path: string, overwrite: boolean): void {
  const stats = statSync(path, { throwIfNoEntry: false });
  if (!stats) return;
  if (!stats.isFile()) throw new Error(`${path} is not a file.`);
  if (!overwrite) throw new Error(`${path} already exists.`);
}

/** The file is whole without this, so a failure on a system that cannot sync a folder is ignored. */
function syncNames(path: string): void {
  try {
    syncDirectory(dirname(path));
  } catch {}
}
