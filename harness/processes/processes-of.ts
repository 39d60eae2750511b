import { readFileSync, readlinkSync } from 'node:fs';
import { isRunning, processIds } from './process-tree.ts';

/** The running processes that work in a folder or have it as HOME, whatever their parent is. */
export function processesOf(directory: string): number[] {
  return processIds().filter((pid) => isRunning(pid) && belongsTo(pid, directory));
}

function belongsTo(pid: number, directory: string): boolean {
  try {
    return (
      readlinkSync(`/proc/${pid}/cwd`).startsWith(directory) ||
      readFileSync(`/proc/${pid}/environ`, 'latin1').includes(`HOME=${directory}`)
    );
  } catch {
    // It has ended, or belongs to another user.
    return false;
  }
}
