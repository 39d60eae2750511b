import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Identity } from './identity.ts';
import { faultIn, launch, type Launched } from './launch.ts';
import { signal } from './signal.ts';

export interface ServerOptions {
  readonly postgres: string;
  readonly cluster: string;
  readonly identity: Identity | undefined;
  readonly settings: Readonly<Record<string, string>>;
  /** Takes each line that the server logs. */
  readonly onLine: (line: string) => void;
  /** Ends a server that is not ready yet. */
  readonly stopping: AbortSignal;
}

/** A server that takes connections. */
export interface Server {
  /** Resolves with the reason when the server has ended for any cause. */
  readonly ended: Promise<string>;
  /** Ends the server. It rolls back transactions under way, and cuts connections. */
  stop(): Promise<void>;
  /** Ends the server without writing anything more. The next start recovers what was committed. */
  drop(): Promise<void>;
}

const POLL_MS = 5;
/** Recovery may take long, and logs its progress every ten seconds. */
const SILENT_FOR_MS = 120_000;
/** How long a stop by each signal may take. SIGINT writes memory to the disk; SIGQUIT does not. */
const WITHIN_MS = { SIGINT: 6000, SIGQUIT: 2000 };
type Steps = readonly (keyof typeof WITHIN_MS)[];

/**
 * Ends a server that nobody waits for. SIGQUIT loses nothing that was committed, and always ends it. SIGINT waits for
 * each process, and for ever during the checkpoint at the end of a recovery (`RequestCheckpoint` in `StartupXLOG`).
 */
const ORPHAN_SIGNAL = 'QUIT';

/** The line of `postmaster.pid` with the state of a server: `PM_STATUS_READY` in its `pidfile.h`. */
const STATUS_LINE = 7;

/**
 * Starts a server, and waits until it takes connections.
 * @throws Error in one line, with the reason that the server gave, when it does not in time.
 */
export async function startServer(options: ServerOptions): Promise<Server> {
  const { cluster, settings, stopping } = options;
  let reason: string | undefined;
  let deadline = performance.now() + SILENT_FOR_MS;
  const launched = await launch({
    program: options.postgres,
    args: ['-D', cluster, ...Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`])],
    identity: options.identity,
    folder: cluster,
    orphanSignal: ORPHAN_SIGNAL,
    onLine: (line) => {
      deadline = performance.now() + SILENT_FOR_MS;
      // The first fault is the cause of the others.
      reason ??= faultIn(line);
      options.onLine(line);
    },
  });
  const stopAtExit = () => signal(launched.pid, `SIG${ORPHAN_SIGNAL}`);
  process.once('exit', stopAtExit);
  let isGone = false;
  const ended = launched.ended.then((how) => {
    isGone = true;
    process.off('exit', stopAtExit);
    return reason ?? `PostgreSQL ended with ${how}`;
  });
  while (!isReady(cluster, launched.pid)) {
    if (isGone) throw new Error(`The database in ${cluster} cannot be started: ${await ended}`);
    if (stopping.aborted || performance.now() > deadline) {
      await end(launched, ['SIGQUIT']);
      throw new Error(`The database in ${cluster} was not ready when it was stopped.`);
    }
    await sleep(POLL_MS);
  }
  // Faults until now did not keep the server from starting.
  reason = undefined;
  // Once the server is gone, its number may belong to another process.
  const endBy = (...signals: Steps) => (isGone ? Promise.resolve() : end(launched, signals));
  return { ended, stop: () => endBy('SIGINT', 'SIGQUIT'), drop: () => endBy('SIGQUIT') };
}

function isReady(cluster: string, pid: number): boolean {
  try {
    const lines = readFileSync(join(cluster, 'postmaster.pid'), 'utf8').split('\n');
    return lines[0] === String(pid) && lines[STATUS_LINE]?.trim() === 'ready';
  } catch {
    return false;
  }
}

async function end({ pid, ended }: Launched, signals: Steps): Promise<void> {
  for (const name of signals) {
    signal(pid, name);
    const late = new AbortController();
    const isEnded = await Promise.race([
      ended.then(() => true),
      sleep(WITHIN_MS[name], false, { signal: late.signal }),
    ]);
    late.abort();
    if (isEnded) return;
  }
  signal(pid, 'SIGKILL');
  await ended;
}
