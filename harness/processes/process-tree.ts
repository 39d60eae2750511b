import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

const POLL_MS = 10;

/** Whether a process runs. One that has ended and waits to be reaped does not. */
export function isRunning(pid: number): boolean {
  const status = readStatus(pid);
  return status !== undefined && status.state !== 'Z';
}

/** A process, those that it started, those that they started, and so on, as far as they have not been orphaned. */
export function processTree(pid: number): number[] {
  const children = Map.groupBy(processIds(), (id) => readStatus(id)?.parent);
  const tree = [pid];
  for (const parent of tree) tree.push(...(children.get(parent) ?? []));
  return tree;
}

/** Waits until all of them have ended, `withinMs` at most. Returns those that have not. */
export async function survivors(pids: readonly number[], withinMs: number): Promise<number[]> {
  const deadline = performance.now() + withinMs;
  for (;;) {
    const running = pids.filter(isRunning);
    if (running.length === 0 || performance.now() >= deadline) return running;
    await sleep(POLL_MS);
  }
}

/** Sends the signal to each process that still exists. */
export function signal(pids: Iterable<number>, name: NodeJS.Signals): void {
  for (const pid of pids) {
    try {
      process.kill(pid, name);
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error;
    }
  }
}

/** Every process of the machine. */
export function processIds(): number[] {
  return readdirSync('/proc').map(Number).filter(Number.isInteger);
}

function readStatus(pid: number): { state: string; parent: number } | undefined {
  let text: string;
  try {
    text = readFileSync(`/proc/${pid}/stat`, 'latin1');
  } catch {
    return undefined;
  }
  // The name, in parentheses, may itself have spaces and parentheses.
  const [state = '', parent = ''] = text.slice(text.lastIndexOf(')') + 2).split(' ');
  return { state, parent: Number(parent) };
}
