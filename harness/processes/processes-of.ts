import { readFileSync, readlinkSync } from 'node:fs';
import { isRunning, processIds } from './process-tree.ts';

/** The running processes that work in a folder or were started for it, whoever their parent is now. */
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
    // It has ended, or is of another user and so not ours.
    return false;
  }
}
