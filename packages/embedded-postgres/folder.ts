import { chmodSync, existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { isDirectory, makeDirectory, removeEmpty } from '@terse/platform/make-directory';
import { refusal } from '@terse/platform/refusal';
import { isOfThisVersion, lostFile, lostPart, VERSION } from './cluster-parts.ts';
import { MAJOR_VERSION } from './programs.ts';

const CLUSTER = 'cluster';
/** A cluster that is being made. */
export const NEW_CLUSTER = 'cluster.new';

const OF_THE_LOCK = ['lock', 'lock-journal', 'pid'];
/** The names that may be in the folder, beside hidden files of the system, such as `.DS_Store`. */
const KNOWN = new Set([...OF_THE_LOCK, CLUSTER, NEW_CLUSTER, 'password', 'password.new', 'lost+found']);

/** The path of the database in its folder. */
export function clusterIn(directory: string): string {
  return join(directory, CLUSTER);
}

/**
 * Refuses a folder with contents that this version of Terse did not put there. It changes nothing.
 * @throws Error in one line that says what the folder holds.
 */
export function inspectFolder(directory: string): void {
  if (/[\n\r]/.test(directory)) {
    throw new Error(`The database cannot lie in ${JSON.stringify(directory)}: the path has a line break.`);
  }
  if (existsSync(join(dirname(directory), VERSION))) throw ofOthers(dirname(directory));
  refuseInnerFolder(dirname(directory));
  if (!isDirectory(directory)) return;
  const entries = readFolder(directory);
  if (['complete', 'base', VERSION].some((name) => entries.includes(name))) throw ofOthers(directory);
  const stranger = entries.find((name) => !KNOWN.has(name) && !name.startsWith('.'));
  if (stranger !== undefined) {
    throw new Error(`${directory} holds ${stranger}, which is not of Terse. Set DATA_DIR to another folder.`);
  }
  if (entries.includes(CLUSTER)) inspectCluster(clusterIn(directory));
}

/** Refuses a folder within a database or a journal of Terse, which a second product would damage. */
function refuseInnerFolder(dataDirectory: string): void {
  if (!isDirectory(dataDirectory)) return;
  const isInner = readFolder(dataDirectory).some((name) => name === CLUSTER || /^slot-\d+$/.test(name));
  if (isInner) {
    throw new Error(
      `${dataDirectory} belongs to a data folder of Terse. Set DATA_DIR to the folder above it.`,
    );
  }
}

function ofOthers(directory: string): Error {
  return new Error(
    `${directory} holds a database that this version of Terse did not make. ` +
      'Move the folder away, or set DATA_DIR to another one.',
  );
}

/** @param lost what is missing. */
export function notWhole(directory: string, lost: string): Error {
  return new Error(
    `The database in ${directory} is not whole: ${lost} is missing. ` +
      'Copy it anew, or restore a backup into another DATA_DIR.',
  );
}

function inspectCluster(cluster: string): void {
  readFolder(cluster);
  const version = existsSync(join(cluster, VERSION)) ? readVersion(cluster) : MAJOR_VERSION;
  if (/^\d+$/.test(version) && version !== MAJOR_VERSION) {
    throw new Error(
      `${cluster} is of PostgreSQL ${version}, and this version of Terse brings PostgreSQL ${MAJOR_VERSION}. ` +
        'Take a backup with the version of Terse that made it, and restore that into another DATA_DIR.',
    );
  }
  const lost = readIn(cluster, () => lostPart(cluster));
  if (lost !== undefined) throw notWhole(cluster, lost);
  if (!readIn(cluster, () => isOfThisVersion(cluster))) throw ofOthers(cluster);
  const file = readIn(cluster, () => lostFile(cluster));
  if (file !== undefined) throw notWhole(cluster, file);
}

function readVersion(cluster: string): string {
  return readIn(cluster, () => readFileSync(join(cluster, VERSION), 'utf8').trim());
}

function readFolder(directory: string): string[] {
  return readIn(directory, () => readdirSync(directory));
}

function readIn<T>(directory: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw refusal(`The folder ${directory} cannot be read.`, error);
  }
}

/**
 * Other users may pass through the folders above the cluster, and see nothing. Under root, PostgreSQL is such a user.
 */
const PASSAGE = 0o711;
const MODE = 0o777;

/**
 * Makes the folder, and lets the user who runs PostgreSQL pass through it to the cluster.
 * @returns the folders that were missing, the outermost first.
 */
export function makeFolder(directory: string): readonly string[] {
  const made = makeDirectory(directory);
  if (process.getuid?.() !== 0) return made;
  try {
    // The umask would narrow a mode that is given at making.
    for (const each of new Set([...made, directory])) {
      if ((statSync(each).mode & MODE) !== PASSAGE) chmodSync(each, PASSAGE);
    }
    return made;
  } catch (error) {
    removeEmpty(made);
    throw refusal(`The folder ${directory} cannot be opened to PostgreSQL.`, error);
  }
}
