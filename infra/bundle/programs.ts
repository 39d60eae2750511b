import { chmodSync, chownSync, cpSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { initialize } from '@terse/embedded-postgres/cluster';
import { serverIdentity } from '@terse/embedded-postgres/identity';
import { findNative, linkLibraries } from '@terse/embedded-postgres/programs';

const [FOLDER_FOR_ALL, FILE_FOR_ALL] = [0o755, 0o644];
const ROOT = 0;

/**
 * Copies the programs of PostgreSQL for this system into the `node_modules` of a folder, with an empty cluster beside
 * them, because `initdb` refuses a user without a name, as `docker run --user` makes one.
 * @throws Error of one line when this system has no programs, or they cannot run.
 */
export async function copyPrograms(directory: string): Promise<void> {
  const source = dirname(findNative());
  const target = join(directory, 'node_modules', basename(dirname(source)), basename(source));
  rmSync(target, { recursive: true, force: true });
  cpSync(source, target, { recursive: true, verbatimSymlinks: true });
  const native = join(target, 'native');
  linkLibraries(native);
  await makeReadyCluster(join(native, 'bin', 'initdb'), join(native, 'cluster'));
}

/** Creates a cluster that anyone may copy, and only its owner may change. */
async function makeReadyCluster(initdb: string, cluster: string): Promise<void> {
  mkdirSync(cluster);
  const identity = serverIdentity(cluster);
  if (identity) chownSync(cluster, identity.uid, identity.gid);
  await initialize(initdb, cluster, identity);
  const contents = readdirSync(cluster, { recursive: true, withFileTypes: true }).map((entry) => ({
    path: join(entry.parentPath, entry.name),
    mode: entry.isDirectory() ? FOLDER_FOR_ALL : FILE_FOR_ALL,
  }));
  for (const { path, mode } of [{ path: cluster, mode: FOLDER_FOR_ALL }, ...contents]) {
    chmodSync(path, mode);
    if (identity) chownSync(path, ROOT, ROOT);
  }
}

if (import.meta.main) {
  await Promise.all(process.argv.slice(2).map((folder) => copyPrograms(resolve(folder))));
}
