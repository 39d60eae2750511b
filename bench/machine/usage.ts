import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { processTree } from '../../harness/processes/process-tree.ts';

const TICKS_PER_SECOND = Number(execFileSync('getconf', ['CLK_TCK'], { encoding: 'utf8' }));

/** The CPU seconds of a process and its descendants so far, ended ones included. */
export function cpuSeconds(pid: number): number {
  const own = (id: number, fields: readonly number[]) => {
    const ticks = statOf(id);
    return fields.reduce((sum, field) => sum + Number(ticks[field] ?? 0), 0);
  };
  // utime, stime, cutime and cstime of proc(5), counted from the state on. The last two belong to ended children.
  const ticks = processTree(pid).reduce((sum, id) => sum + own(id, [11, 12, 13, 14]), 0);
  return ticks / TICKS_PER_SECOND;
}

/** Begins to measure. @returns a function that returns the CPU seconds since. */
export function measureUsage(pid: number): () => number {
  const before = cpuSeconds(pid);
  return () => cpuSeconds(pid) - before;
}

export interface MemoryUse {
  readonly nowMb: number;
  readonly highestMb: number;
}

/** The resident memory of a process, in MB of 1024² bytes. */
export function memoryOf(pid: number): MemoryUse {
  const status = readFileSync(`/proc/${pid}/status`, 'latin1');
  const megabytes = (field: string) => Number(new RegExp(`${field}:\\s+(\\d+)`).exec(status)?.[1]) / 1024;
  return { nowMb: megabytes('VmRSS'), highestMb: megabytes('VmHWM') };
}

function statOf(pid: number): string[] {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'latin1');
    return text.slice(text.lastIndexOf(')') + 2).split(' ');
  } catch {
    return [];
  }
}
