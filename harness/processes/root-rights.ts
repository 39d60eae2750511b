import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

const isRoot = process.getuid?.() === 0;
const ANYONE_ENTERS = 0o001;

/** Whether other users can reach this checkout, which may lie below a folder such as /root. */
export const othersReachCheckout = reachable(import.meta.dirname);

/** Whether this is root and can become another user who reaches this checkout. */
export const canBecomeOthers = isRoot && othersReachCheckout;

/** Whether this is root, and may mount file systems: in most containers it may not. */
export function canMount(): boolean {
  if (!isRoot) return false;
  const directory = mkdtempSync(join(tmpdir(), 'terse-mount-'));
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', directory], { stdio: 'ignore' });
    execFileSync('umount', [directory], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

function reachable(directory: string): boolean {
  for (let folder = directory; ; folder = dirname(folder)) {
    if ((statSync(folder).mode & ANYONE_ENTERS) === 0) return false;
    if (folder === dirname(folder)) return true;
  }
}
