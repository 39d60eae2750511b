import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { processTree } from '../../tests/stack/process-tree.ts';

const TASKSET = '/usr/bin/taskset';

/** What is measured has a core of its own; load and servers have the others. */
export interface Cores {
  readonly description: string;
  /** The command line that runs on the core of what is measured. */
  alone(command: readonly string[]): readonly string[];
  /** The command line that runs beside it, on the other cores. */
  beside(command: readonly string[]): readonly string[];
  /** Moves a process with its threads and children to the other cores. */
  moveBeside(pid: number): void;
}

/** Where there is one core only, or no `taskset`, nothing is pinned. */
export function findCores(): Cores {
  const count = availableParallelism();
  if (count < 2 || !existsSync(TASKSET)) {
    const unchanged = (command: readonly string[]) => command;
    return {
      description: `${count} cores, nothing pinned`,
      alone: unchanged,
      beside: unchanged,
      moveBeside: () => undefined,
    };
  }
  const own = String(count - 1);
  const others = `0-${count - 2}`;
  return {
    description: `${count} cores: what is measured on one, everything else on the ${count === 2 ? 'other' : 'others'}`,
    alone: (command) => [TASKSET, '-c', own, ...command],
    beside: (command) => [TASKSET, '-c', others, ...command],
    moveBeside: (pid) => {
      for (const id of processTree(pid))
        execFileSync(TASKSET, ['-a', '-p', '-c', others, String(id)], { stdio: 'ignore' });
    },
  };
}
