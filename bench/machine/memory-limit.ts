import {
  accessSync,
  constants,
  existsSync,
  mkdtempSync,
  readFileSync,
  rmdirSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { signal, survivors } from '../../harness/processes/process-tree.ts';

/** A memory limit of a process and its descendants: the kernel kills processes that exceed it. */
export interface MemoryLimit {
  /** The command line that runs within the limit. */
  within(command: readonly string[]): readonly string[];
  /** Returns the number of processes that the kernel killed. */
  killed(): number;
  /** Kills the remaining processes and removes the limit. */
  close(): Promise<void>;
}

interface Hierarchy {
  readonly parent: string;
  readonly limits: readonly string[];
  readonly events: string;
}

const CGROUPS = '/sys/fs/cgroup';
const END_TIMEOUT_MS = 5000;

/** Creates a limit in MB, without swap; `undefined` where this process may create no control group for memory. */
export function openMemoryLimit(megabytes: number, root = CGROUPS): MemoryLimit | undefined {
  const hierarchy = findHierarchy(root);
  if (!hierarchy) return undefined;
  const group = mkdtempSync(join(hierarchy.parent, 'terse-bench-'));
  writeFileSync(join(group, hierarchy.limits[0] ?? ''), String(megabytes * 1024 ** 2));
  const [, swap] = hierarchy.limits;
  if (swap !== undefined && existsSync(join(group, swap))) writeFileSync(join(group, swap), '0');
  return {
    within: (command) => [
      '/bin/sh',
      '-c',
      'echo $$ > "$0" && exec "$@"',
      join(group, 'cgroup.procs'),
      ...command,
    ],
    killed: () => {
      const events = readFileSync(join(group, hierarchy.events), 'latin1');
      return Number(/^oom_kill (\d+)/m.exec(events)?.[1] ?? 0);
    },
    close: async () => {
      const left = readFileSync(join(group, 'cgroup.procs'), 'latin1').trim().split('\n').filter(Boolean);
      signal(left.map(Number), 'SIGKILL');
      await survivors(left.map(Number), END_TIMEOUT_MS);
      rmdirSync(group);
    },
  };
}

/** Version 2 of control groups where it controls memory, otherwise version 1. */
function findHierarchy(root: string): Hierarchy | undefined {
  const subtree = join(root, 'cgroup.subtree_control');
  if (existsSync(subtree) && /\bmemory\b/.test(readFileSync(subtree, 'latin1'))) {
    return isWritable(root)
      ? { parent: root, limits: ['memory.max', 'memory.swap.max'], events: 'memory.events' }
      : undefined;
  }
  const parent = join(root, 'memory');
  return existsSync(join(parent, 'memory.limit_in_bytes')) && isWritable(parent)
    ? { parent, limits: ['memory.limit_in_bytes', 'memory.swappiness'], events: 'memory.oom_control' }
    : undefined;
}

function isWritable(directory: string): boolean {
  try {
    accessSync(directory, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}
