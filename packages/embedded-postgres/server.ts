import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Identity } from './identity.ts';
import { faultIn, launch, type Launched } from './launch.ts';

export interface ServerOptions {
  readonly postgres: string;
  readonly cluster: string;
  readonly identity: Identity | undefined;
  readonly settings: Readonly<Record<string, string>>;
  /** Takes each line that the server logs. */
  readonly onLine: (line: string) => void;
}

/** A server that takes connections. */
export interface Server {
  readonly pid: number;
  /** Resolves when the server is gone, whoever ended it. */
  readonly ended: Promise<unknown>;
  /** Ends it: transactions under way are rolled back, connections cut off. */
  stop(): Promise<void>;
}

const POLL_MS = 5;
const READY_WITHIN_MS = 120_000;
/** A shutdown writes to disk what is in memory. */
const FAST_WITHIN_MS = 6000;
const AT_ONCE_WITHIN_MS = 2000;
/** The line of `postmaster.pid` that tells how far a server is: `PM_STATUS_READY` in its `pidfile.h`. */
const STATUS_LINE = 7;

/** @throws Error in one line, with the reason that the server gave, unless it takes connections in time. */
export async function startServer(options: ServerOptions): Promise<Server> {
  const { cluster, settings } = options;
  let reason: string | undefined;
  const launched = await launch({
    program: options.postgres,
    args: ['-D', cluster, ...Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`])],
    identity: options.identity,
    folder: cluster,
    orphanSignal: 'INT',
    onLine: (line) => {
      // The first is the cause; what follows are its consequences.
      reason ??= faultIn(line);
      options.onLine(line);
    },
  });
  const stopAtExit = () => signal(launched.pid, 'SIGINT');
  process.once('exit', stopAtExit);
  let isGone = false;
  void launched.ended.then(() => {
    isGone = true;
    process.off('exit', stopAtExit);
  });
  const deadline = performance.now() + READY_WITHIN_MS;
  while (!isReady(cluster, launched.pid)) {
    if (isGone)
      throw new Error(
        `The database in ${cluster} cannot be started: ${reason ?? 'PostgreSQL ended without a word'}`,
      );
    if (performance.now() > deadline) {
      await end(launched);
      throw new Error(`The database in ${cluster} is not ready after ${READY_WITHIN_MS / 1000} s.`);
    }
    await sleep(POLL_MS);
  }
  return { pid: launched.pid, ended: launched.ended, stop: () => end(launched) };
}

function isReady(cluster: string, pid: number): boolean {
  try {
    const lines = readFileSync(join(cluster, 'postmaster.pid'), 'utf8').split('\n');
    return lines[0] === String(pid) && lines[STATUS_LINE]?.trim() === 'ready';
  } catch {
    return false;
  }
}

async function end({ pid, ended }: Launched): Promise<void> {
  for (const [name, withinMs] of [
    ['SIGINT', FAST_WITHIN_MS],
    // Without writing anything: the next start brings back what was committed.
    ['SIGQUIT', AT_ONCE_WITHIN_MS],
  ] as const) {
    signal(pid, name);
    const late = new AbortController();
    const isEnded = await Promise.race([
      ended.then(() => true),
      sleep(withinMs, false, { signal: late.signal }),
    ]);
    late.abort();
    if (isEnded) return;
  }
  signal(pid, 'SIGKILL');
  await ended;
}

function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch {
    // It is gone.
  }
}
