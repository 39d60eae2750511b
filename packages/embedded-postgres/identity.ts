import { statSync } from 'node:fs';
import { dirname } from 'node:path';

/** A user of the system, by number. */
export interface Identity {
  readonly uid: number;
  readonly gid: number;
}

/** The user `nobody`. */
const NOBODY: Identity =
  process.platform === 'darwin' ? { uid: 4_294_967_294, gid: 4_294_967_294 } : { uid: 65_534, gid: 65_534 };

const [ANYONE_ENTERS, GROUP_ENTERS, OWNER_ENTERS] = [0o001, 0o010, 0o100];

/**
 * The user who runs PostgreSQL, which refuses to run as root: this user, or instead of root, the owner of the cluster
 * or `nobody`.
 * @returns `undefined` for this user.
 */
export function serverIdentity(cluster: string): Identity | undefined {
  if (process.getuid?.() !== 0) return undefined;
  const owner = statSync(cluster, { throwIfNoEntry: false });
  return owner && owner.uid !== 0 ? { uid: owner.uid, gid: owner.gid } : NOBODY;
}

/** The folder above the path that this user may not enter; `undefined` when there is none. */
export function folderThatBars(path: string, { uid, gid }: Identity): string | undefined {
  for (let folder = dirname(path); ; folder = dirname(folder)) {
    const stats = statSync(folder);
    const bit = stats.uid === uid ? OWNER_ENTERS : stats.gid === gid ? GROUP_ENTERS : ANYONE_ENTERS;
    if ((stats.mode & bit) === 0) return folder;
    if (folder === dirname(folder)) return undefined;
  }
}
