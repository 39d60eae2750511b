import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { processTree } from '../../harness/processes/process-tree.ts';

const TASKSET = '/usr/bin/taskset';
const FIRST_IN_LINE = ['/usr/bin/chrt', '--fifo', '1'] as const;

/** Measured processes have one core for themselves; load and servers have the others. */
export interface Cores {
  readonly description: string;
  /** The command line that runs on the measured core. */
  alone(command: readonly string[]): readonly string[];
  /** The command line that runs beside it, on the other cores. */
  beside(command: readonly string[]): readonly string[];
  /**
   * The same for the load, with priority over all other processes there where the system permits it. Otherwise it would
   * wait for PostgreSQL, Redis or RabbitMQ, and the measured process would look slow.
   */
  besideFirst(command: readonly string[]): readonly string[];
  /** The same machine with nothing pinned, for a product of several processes. */
  readonly unpinned: Cores;
  /** Moves a process with its threads and children to the other cores. */
  moveBeside(pid: number): void;
}

/** Finds out how to pin processes. With one core, or without `taskset`, it pins none. */
export function findCores(): Cores {
  const count = availableParallelism();
  if (count < 2 || !existsSync(TASKSET)) {
    return unpinned(count, (command) => command);
  }
  const own = String(count - 1);
  const others = `0-${count - 2}`;
  const hasPriority = mayTakePriority();
  return {
    description: [
      `${count} cores: measured processes on one, everything else on the ${count === 2 ? 'other' : 'others'}`,
      hasPriority ? 'the load with priority there' : 'the load without priority there',
    ].join(', '),
    alone: (command) => [TASKSET, '-c', own, ...command],
    beside: (command) => [TASKSET, '-c', others, ...command],
    besideFirst: (command) => [...(hasPriority ? FIRST_IN_LINE : []), TASKSET, '-c', others, ...command],
    unpinned: unpinned(count, (command) => [TASKSET, '-c', `0-${count - 1}`, ...command]),
    moveBeside: (pid) => {
      for (const id of processTree(pid)) {
        execFileSync(TASKSET, ['-a', '-p', '-c', others, String(id)], { stdio: 'ignore' });
      }
    },
  };
}

function unpinned(count: number, command: (line: readonly string[]) => readonly string[]): Cores {
  return {
    description: `${count} cores, nothing pinned`,
    alone: command,
    beside: command,
    besideFirst: command,
    get unpinned() {
      return this;
    },
    moveBeside: () => undefined,
  };
}

function mayTakePriority(): boolean {
  const [program, ...args] = FIRST_IN_LINE;
  return spawnSync(program, [...args, 'true']).status === 0;
}
