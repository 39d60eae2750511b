import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { processTree } from '../../harness/processes/process-tree.ts';

/** Memory in MB of 1024² bytes, each shared page divided among those that share it. */
export interface TreeMemory {
  readonly totalMb: number;
  readonly kinds: ReadonlyMap<string, { readonly count: number; readonly mb: number }>;
}

export interface MemoryWatch {
  /** The memory at the moment of the highest total so far. */
  highest(): TreeMemory;
  stop(): void;
}

const POSTGRES_TITLE = /^postgres: (?<title>.+)/;
const POSTGRES_KINDS =
  /checkpointer|background writer|walwriter|autovacuum launcher|logical replication launcher|io worker|startup/;

/** The proportional memory of a process and its descendants, also in other sessions, by kind of process. */
export function memoryOfTree(pid: number): TreeMemory {
  const kinds = new Map<string, { count: number; mb: number }>();
  let totalMb = 0;
  for (const id of processTree(pid)) {
    const memory = proportionalMb(id);
    if (memory === undefined) continue;
    const name = kindOf(readCommand(id));
    const { count = 0, mb = 0 } = kinds.get(name) ?? {};
    kinds.set(name, { count: count + 1, mb: mb + memory });
    totalMb += memory;
  }
  return { totalMb, kinds };
}

/** Reads the memory of a process tree at an interval. */
export function watchMemory(pid: number, everyMs: number): MemoryWatch {
  let highest = memoryOfTree(pid);
  const timer = setInterval(() => {
    const now = memoryOfTree(pid);
    if (now.totalMb > highest.totalMb) highest = now;
  }, everyMs);
  return { highest: () => highest, stop: () => clearInterval(timer) };
}

/** Names the kind of process that has a command line. */
export function kindOf(command: string): string {
  const title = POSTGRES_TITLE.exec(command)?.groups?.['title'];
  if (title !== undefined) return POSTGRES_KINDS.exec(title)?.[0] ?? 'connection';
  const [program = ''] = command.split(/[\0 ]/, 1);
  return basename(program);
}

/** Returns `undefined` when the process has ended. */
function proportionalMb(pid: number): number | undefined {
  try {
    const kilobytes = /^Pss:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, 'latin1'))?.[1];
    return kilobytes === undefined ? undefined : Number(kilobytes) / 1024;
  } catch {
    return undefined;
  }
}

function readCommand(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'latin1');
  } catch {
    return '';
  }
}
