import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';

/** A running program. */
export interface RunningProcess {
  readonly pid: number;
  /** Its output so far, of both streams. */
  output(): string;
  hasEnded(): boolean;
  /**
   * Resolves to its exit code, `null` when a signal ended it, once it and every writer to its streams have ended.
   */
  readonly closed: Promise<number | null>;
  /** Sends the signal and waits for the end. @returns the exit code, `null` when the signal ended it. */
  end(signal: NodeJS.Signals): Promise<number | null>;
}

export interface ProcessOptions {
  /** All of its environment. */
  readonly environment: NodeJS.ProcessEnv;
  /** The folder where it runs; by default that of this process. */
  readonly directory?: string;
  /** Whether it leads a process group, as under a terminal or a supervisor. */
  readonly leadsGroup?: boolean;
}

export interface UntilOptions {
  readonly withinMs?: number;
  readonly everyMs?: number;
}

const WITHIN_MS = 30_000;
const EVERY_MS = 20;

/** @throws Error when the program cannot be run. */
export async function startProcess(
  [program = '', ...args]: readonly string[],
  { environment, directory, leadsGroup = false }: ProcessOptions,
): Promise<RunningProcess> {
  const child = spawn(program, args, {
    env: environment,
    detached: leadsGroup,
    ...(directory !== undefined && { cwd: directory }),
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk: Buffer) => (output += chunk.toString()));
  }
  await once(child, 'spawn');
  const { pid } = child;
  if (pid === undefined) throw new Error(`${program} has no process id.`);
  const hasEnded = () => child.exitCode !== null || child.signalCode !== null;
  return {
    pid,
    output: () => output,
    hasEnded,
    closed: once(child, 'close').then(() => child.exitCode),
    end: async (signal) => {
      child.kill(signal);
      if (!hasEnded()) await once(child, 'exit');
      return child.exitCode;
    },
  };
}

/**
 * Polls until a process is up.
 * @throws Error with its output when it ends instead, or is not up in time and is killed.
 */
export async function untilUp(
  running: RunningProcess,
  isUp: () => boolean | Promise<boolean>,
  { withinMs = WITHIN_MS, everyMs = EVERY_MS }: UntilOptions = {},
): Promise<void> {
  const deadline = performance.now() + withinMs;
  while (!(await isUp())) {
    if (running.hasEnded()) {
      throw new Error(`The process ended with exit code ${await running.closed}:\n${running.output()}`);
    }
    if (performance.now() > deadline) {
      await running.end('SIGKILL');
      throw new Error(`The process was not up in time:\n${running.output()}`);
    }
    await sleep(everyMs);
  }
}
