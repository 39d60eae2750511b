import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { processTree } from '../../harness/processes/process-tree.ts';

/** Memory in MB of 1024² bytes, each shared page divided among those that share it. */
export interface TreeMemory {
  readonly totalMb: number;
  readonly services: ReadonlyMap<string, { readonly count: number; readonly mb: number }>;
}

export interface MemoryWatch {
  /** The highest total so far, and what it was made of. */
  highest(): TreeMemory;
  stop(): void;
}

const POSTGRES_TITLE = /^postgres: (?<title>.+)/;
const POSTGRES_PARTS =
  /checkpointer|background writer|walwriter|autovacuum launcher|logical replication launcher|io worker|startup/;

/** The proportional memory of a process and its descendants, also those in sessions of their own, by what they are. */
export function memoryOfTree(pid: number): TreeMemory {
  const services = new Map<string, { count: number; mb: number }>();
  let totalMb = 0;
  for (const id of processTree(pid)) {
    const memory = proportionalMb(id);
    if (memory === undefined) continue;
    const name = partOf(readCommand(id));
    const { count = 0, mb = 0 } = services.get(name) ?? {};
    services.set(name, { count: count + 1, mb: mb + memory });
    totalMb += memory;
  }
  return { totalMb, services };
}

/** Reads the memory of a process tree again and again. */
export function watchMemory(pid: number, everyMs: number): MemoryWatch {
  let highest = memoryOfTree(pid);
  const timer = setInterval(() => {
    const now = memoryOfTree(pid);
    if (now.totalMb > highest.totalMb) highest = now;
  }, everyMs);
  return { highest: () => highest, stop: () => clearInterval(timer) };
}

/** Which part of the product a command line belongs to. */
export function partOf(command: string): string {
  const title = POSTGRES_TITLE.exec(command)?.groups?.['title'];
  if (title !== undefined) return POSTGRES_PARTS.exec(title)?.[0] ?? 'connection';
  const [program = ''] = command.split(/[\0 ]/, 1);
  return basename(program);
}

/** `undefined` when the process has ended. */
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
