import {
  chmodSync,
  cpSync,
  lchownSync,
  mkdirSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { PRIVATE_DIRECTORY, PRIVATE_FILE } from '@terse/platform/make-directory';
import { syncDirectory, syncTree } from '@terse/platform/sync';
import { clusterIn, NEW_CLUSTER } from './folder.ts';
import type { Identity } from './identity.ts';
import { faultIn, launch, mustNotBeRoot } from './launch.ts';
import type { Programs } from './programs.ts';
import { SHARED_MEMORY } from './server-settings.ts';

const SUPERUSER = 'terse';

/**
 * Makes an empty cluster. The cluster gets its name once it is on the disk, so the remains of an interrupted start have
 * another name, and are removed. Its user needs no password until `protect` sets one.
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
    if (identity) give(unfinished, identity);
    if (programs.readyCluster !== undefined && !identity) {
      cpSync(programs.readyCluster, unfinished, { recursive: true });
      makePrivate(unfinished);
      syncTree(unfinished);
    } else await initialize(programs.initdb, unfinished, identity);
    // Each start passes all settings on the command line.
    writeFileSync(join(unfinished, 'postgresql.conf'), '', { flush: true });
    renameSync(unfinished, clusterIn(directory));
    syncDirectory(directory);
  } catch (error) {
    rmSync(unfinished, { recursive: true, force: true });
    throw error;
  }
}

/** Closes a copy to others, because anyone may read the cluster that was made beforehand. */
function makePrivate(cluster: string): void {
  for (const entry of readdirSync(cluster, { recursive: true, withFileTypes: true })) {
    const mode = entry.isDirectory() ? PRIVATE_DIRECTORY : PRIVATE_FILE;
    chmodSync(join(entry.parentPath, entry.name), mode);
  }
}

/**
 * Fills an empty folder with a new cluster.
 * @throws Error in one line when `initdb` fails.
 */
export async function initialize(
  initdb: string,
  cluster: string,
  identity: Identity | undefined,
): Promise<void> {
  let reason: string | undefined;
  const { ended } = await launch({
    program: initdb,
    args: [
      '-D',
      cluster,
      '-U',
      SUPERUSER,
      '-A',
      'trust',
      '-E',
      'UTF8',
      '--locale=C',
      '-c',
      `${SHARED_MEMORY.name}=${SHARED_MEMORY.value}`,
    ],
    identity,
    folder: cluster,
    orphanSignal: 'KILL',
    onLine: (line) => {
      // The first fault is the cause of the others.
      reason ??= faultIn(line);
    },
  });
  if ((await ended) !== 0) throw new Error(`No database can be made in ${cluster}: ${inOurWords(reason)}`);
}

/**
 * Gives a cluster that root copied to the user who runs PostgreSQL, and closes it to others. PostgreSQL refuses a
 * cluster that belongs to another user, or that others may read.
 */
export function adoptCluster(cluster: string, identity: Identity | undefined): void {
  const { uid, mode } = statSync(cluster);
  if (identity && uid !== identity.uid) {
    for (const entry of readdirSync(cluster, { recursive: true, withFileTypes: true })) {
      give(join(entry.parentPath, entry.name), identity);
    }
    give(cluster, identity);
  }
  if ((mode & 0o077) !== 0 && (identity || uid === process.getuid?.())) chmodSync(cluster, PRIVATE_DIRECTORY);
}

function give(path: string, { uid, gid }: Identity): void {
  try {
    lchownSync(path, uid, gid);
  } catch (error) {
    throw mustNotBeRoot(error instanceof Error ? error.message : String(error));
  }
}

function inOurWords(reason = 'initdb gave no reason'): string {
  const [, uid] = /^could not look up effective user ID (\d+)/.exec(reason) ?? [];
  if (uid === undefined) return reason;
  return `this system has no name for the user ${uid}. Run Terse as a user that it knows, or run the Docker image.`;
}
