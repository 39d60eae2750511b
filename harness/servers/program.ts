import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chownSync, closeSync, mkdirSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { killOnExit } from '../processes/clean-up.ts';
import { processTree, signal, survivors } from '../processes/process-tree.ts';
import type { RunningServer } from './running-server.ts';

const READY_WITHIN_MS = 60_000;
const STOP_WITHIN_MS = 15_000;
const GONE_WITHIN_MS = 5000;
const POLL_MS = 20;
const LOG_LINES_SHOWN = 20;

// PostgreSQL refuses to run as root, and no server here needs to.
const NOBODY = 65_534;
const IS_ROOT = process.getuid?.() === 0;

export interface Command {
  readonly command: string;
  readonly args: readonly string[];
  /** Its working folder, which gets its log. `makeDirectory` creates it. */
  readonly directory: string;
  /** Its environment beside a plain PATH and the folder as HOME. */
  readonly environment?: Readonly<Record<string, string>>;
}

export interface ProgramOptions extends Command {
  readonly name: string;
  /** Asks it to stop in order. */
  readonly stopSignal: NodeJS.Signals;
  /**
   * Asks over the program's own protocol whether it is ready. It also verifies that the process `pid` answers, because
   * another program may own the port.
   */
  isReady(pid: number): Promise<boolean>;
}

/** A server program. It never runs as root, and ends when this process does. */
export interface Program {
  readonly pid: number | undefined;
  /** @throws Error with the end of the log unless it becomes ready. */
  start(): Promise<void>;
  /** Ends it and its descendants. Does nothing when it is not running. */
  stop(): Promise<void>;
  /** The same with SIGKILL. */
  kill(): Promise<void>;
  /** `stop`, then `start`. */
  restart(): Promise<void>;
}

export function createProgram(options: ProgramOptions): Program {
  const { name } = options;
  let running: { readonly pid: number; readonly ended: Promise<unknown> } | undefined;

  async function start(): Promise<void> {
    if (running) throw new Error(`${name} is running already.`);
    const { pid, ended } = await launch(options);
    const forget = killOnExit(pid);
    running = { pid, ended };
    void ended.then(() => {
      running = undefined;
      forget();
    });
    const deadline = performance.now() + READY_WITHIN_MS;
    for (;;) {
      const ready = await options.isReady(pid);
      if (!running) throw new Error(`${name} ended before it was ready.\n${logTail(options)}`);
      if (ready) return;
      if (performance.now() > deadline) {
        await end('SIGKILL');
        throw new Error(`${name} is not ready after ${READY_WITHIN_MS / 1000} s.\n${logTail(options)}`);
      }
      await sleep(POLL_MS);
    }
  }

  async function end(by: NodeJS.Signals): Promise<void> {
    if (!running) return;
    const { pid, ended } = running;
    const tree = processTree(pid);
    signal([pid], by);
    signal(await survivors(tree, STOP_WITHIN_MS), 'SIGKILL');
    await survivors(tree, GONE_WITHIN_MS);
    await ended;
  }

  return {
    get pid() {
      return running?.pid;
    },
    start,
    stop: () => end(options.stopSignal),
    kill: () => end('SIGKILL'),
    restart: async () => {
      await end(options.stopSignal);
      await start();
    },
  };
}

/** The program as a server at an address. */
export function asServer(program: Program, url: string, port: number): RunningServer {
  return {
    url,
    port,
    get pid() {
      return program.pid;
    },
    kill: program.kill,
    restart: program.restart,
    stop: program.stop,
  };
}

/**
 * Runs a program to its end.
 * @throws Error with the end of its output unless it succeeds.
 */
export async function run(command: Command): Promise<void> {
  const { ended } = await launch(command);
  const code = await ended;
  if (code !== 0) throw new Error(`${command.command} failed (${code}).\n${logTail(command)}`);
}

/** Creates a folder that programs started from here may write to. */
export function makeDirectory(directory: string): void {
  mkdirSync(directory, { recursive: true });
  if (IS_ROOT) chownSync(directory, NOBODY, NOBODY);
}

/** Writes a file that programs started from here may read under any umask. */
export function writeSettings(path: string, text: string): void {
  writeFileSync(path, text);
  if (IS_ROOT) chownSync(path, NOBODY, NOBODY);
}

async function launch({ command, args, directory, environment }: Command) {
  const log = openSync(join(directory, 'log'), 'a');
  try {
    const identity = IS_ROOT ? [`--reuid=${NOBODY}`, `--regid=${NOBODY}`, '--clear-groups'] : [];
    // The program gets SIGKILL even when this process is killed and cannot clean up.
    const child = spawn('/usr/bin/setpriv', [...identity, '--pdeathsig=KILL', '--', command, ...args], {
      cwd: directory,
      env: { PATH: '/usr/bin:/bin', HOME: directory, ...environment },
      stdio: ['ignore', log, log],
      // In its own group: Ctrl-C in a terminal reaches this process only, which stops the servers in order.
      detached: true,
    });
    const ended = new Promise<number | NodeJS.Signals | null>((resolve) => {
      child.once('exit', (code, signal) => resolve(code ?? signal));
    });
    await once(child, 'spawn');
    if (child.pid === undefined) throw new Error(`${command} has no process id.`);
    return { pid: child.pid, ended };
  } finally {
    closeSync(log);
  }
}

function logTail({ directory }: Command): string {
  return readFileSync(join(directory, 'log'), 'utf8')
    .trimEnd()
    .split('\n')
    .slice(-LOG_LINES_SHOWN)
    .join('\n');
}
