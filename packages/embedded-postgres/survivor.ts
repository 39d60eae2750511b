import { readFileSync, readlinkSync, realpathSync, rmSync } from 'node:fs';
import { createConnection } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

const SOCKET = '.s.PGSQL.5432';
const POLL_MS = 20;
const FAST_WITHIN_MS = 20_000;
const AT_ONCE_WITHIN_MS = 5000;

/** Where the server of a cluster listens. */
export function socketIn(folder: string): string {
  return join(folder, SOCKET);
}

/**
 * Ends the server that a killed process left behind on this cluster. Only whoever holds the lock of the folder may ask.
 * The file with the pid stays where no such process is: PostgreSQL itself then looks for backends that are left.
 * @throws Error in one line when it cannot be ended.
 */
export async function endSurvivor(cluster: string): Promise<void> {
  const pid = readPid(cluster);
  if (pid === undefined || !isAlive(pid)) return;
  if (!(await serves(pid, cluster))) {
    // The number was given to another process, and PostgreSQL would take that for its server.
    rmSync(join(cluster, 'postmaster.pid'), { force: true });
    return;
  }
  for (const [signal, withinMs] of [
    ['SIGINT', FAST_WITHIN_MS],
    ['SIGQUIT', AT_ONCE_WITHIN_MS],
  ] as const) {
    kill(pid, signal);
    if (await isGone(pid, cluster, withinMs)) return;
  }
  throw new Error(`PostgreSQL (pid ${pid}) of an earlier run has ${cluster}, and does not end.`);
}

/** The first line of the file: https://www.postgresql.org/docs/18/storage-file-layout.html. */
function readPid(cluster: string): number | undefined {
  try {
    const pid = Number(readFileSync(join(cluster, 'postmaster.pid'), 'utf8').split('\n', 1)[0]);
    return Number.isInteger(pid) && pid > 1 ? pid : undefined;
  } catch {
    return undefined;
  }
}

function kill(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // It is gone.
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}

/** A server works in its cluster. Where the system does not tell that, it answers at the cluster's socket. */
async function serves(pid: number, cluster: string): Promise<boolean> {
  if (process.platform !== 'linux') return answers(socketIn(cluster));
  try {
    return readlinkSync(`/proc/${pid}/cwd`) === realpathSync(cluster);
  } catch {
    return false;
  }
}

/** Whether something takes connections at a socket. */
export async function answers(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createConnection({ path });
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}

async function isGone(pid: number, cluster: string, withinMs: number): Promise<boolean> {
  const deadline = performance.now() + withinMs;
  while (performance.now() < deadline) {
    if (!isAlive(pid) || !(await serves(pid, cluster))) return true;
    await sleep(POLL_MS);
  }
  return false;
}
