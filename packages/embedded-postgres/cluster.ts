import {
  chmodSync,
  chownSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { PRIVATE_DIRECTORY, PRIVATE_FILE } from '@terse/files/make-directory';
import { syncDirectory, syncTree } from './sync.ts';
import type { Identity } from './identity.ts';
import { faultIn, launch } from './launch.ts';
import { MAJOR_VERSION, type Programs } from './programs.ts';

const SUPERUSER = 'terse';

const CLUSTER = 'cluster';
const NEW_CLUSTER = 'cluster.new';
/** What may lie in the folder. */
const OF_THE_LOCK = ['lock', 'lock-journal', 'pid'];
const KNOWN = new Set([...OF_THE_LOCK, CLUSTER, NEW_CLUSTER, 'password', 'password.new', 'lost+found']);

/** Where the database lies in its folder. */
export function clusterIn(directory: string): string {
  return join(directory, CLUSTER);
}

/**
 * Refuses a folder whose contents are not what this version of Terse has put there; it touches nothing.
 * @throws Error in one line that says what the folder holds.
 */
export function inspectFolder(directory: string): void {
  if (!existsSync(directory)) return;
  const entries = readFolder(directory);
  if (entries.includes('complete') || entries.includes('base')) {
    throw new Error(
      `${directory} holds a database that this version of Terse did not make. ` +
        'Move the folder away, or set DATA_DIR to another one.',
    );
  }
  const stranger = entries.find((name) => !KNOWN.has(name));
  if (stranger !== undefined)
    throw new Error(`${directory} holds ${stranger}, which is not of Terse. Set DATA_DIR to another folder.`);
  if (entries.includes(CLUSTER)) inspectCluster(directory);
}

function inspectCluster(directory: string): void {
  const cluster = clusterIn(directory);
  const entries = readFolder(cluster);
  const isWhole = ['PG_VERSION', 'base', 'global', 'pg_wal', 'pg_xact'].every((name) =>
    entries.includes(name),
  );
  if (!isWhole || !existsSync(join(cluster, 'global', 'pg_control'))) {
    throw new Error(
      `${cluster} is no whole database: parts of it are missing. Copy it anew, or restore a backup into another DATA_DIR.`,
    );
  }
  const version = readFileSync(join(cluster, 'PG_VERSION'), 'utf8').trim();
  if (version !== MAJOR_VERSION) {
    throw new Error(
      `${cluster} is of PostgreSQL ${version}, and this version of Terse brings PostgreSQL ${MAJOR_VERSION}. ` +
        'Take a backup with the version of Terse that made it, and restore that into another DATA_DIR.',
    );
  }
}

function readFolder(directory: string): string[] {
  try {
    return readdirSync(directory);
  } catch {
    throw new Error(`The folder ${directory} cannot be read.`);
  }
}

/**
 * Makes an empty cluster that is on the disk when it has its name: one that a stop left half made has another name, and
 * is thrown away. Its socket is open to its own user without a password until `protect` closes it.
 * @throws Error in one line when it cannot be made.
 */
export async function makeCluster(
  programs: Programs,
  directory: string,
  identity: Identity | undefined,
): Promise<void> {
  const unfinished = join(directory, NEW_CLUSTER);
  rmSync(unfinished, { recursive: true, force: true });
  try {
    mkdirSync(unfinished, { mode: PRIVATE_DIRECTORY });
    if (identity) chownSync(unfinished, identity.uid, identity.gid);
    if (programs.readyCluster !== undefined && !identity) {
      cpSync(programs.readyCluster, unfinished, { recursive: true });
      makePrivate(unfinished);
      syncTree(unfinished);
    } else await initialize(programs.initdb, unfinished, identity);
    // All settings are given at each start.
    writeFileSync(join(unfinished, 'postgresql.conf'), '', { flush: true });
    renameSync(unfinished, clusterIn(directory));
    syncDirectory(directory);
  } catch (error) {
    rmSync(unfinished, { recursive: true, force: true });
    throw error;
  }
}

/** Anyone may read a cluster that was made beforehand. */
function makePrivate(cluster: string): void {
  for (const entry of readdirSync(cluster, { recursive: true, withFileTypes: true })) {
    const mode = entry.isDirectory() ? PRIVATE_DIRECTORY : PRIVATE_FILE;
    chmodSync(join(entry.parentPath, entry.name), mode);
  }
}

/**
 * Fills an empty folder with a new cluster.
 * @throws Error in one line.
 */
export async function initialize(
  initdb: string,
  cluster: string,
  identity: Identity | undefined,
): Promise<void> {
  let reason = 'initdb failed';
  const { ended } = await launch({
    program: initdb,
    args: ['-D', cluster, '-U', SUPERUSER, '-A', 'trust', '-E', 'UTF8', '--locale=C'],
    identity,
    folder: cluster,
    orphanSignal: 'KILL',
    onLine: (line) => {
      reason = faultIn(line) ?? reason;
    },
  });
  if ((await ended) !== 0) throw new Error(`No database can be made in ${cluster}: ${reason}`);
}
