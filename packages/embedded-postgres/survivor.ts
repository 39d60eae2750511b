import { readdirSync, readFileSync, rmSync, type Stats, statSync, writeFileSync } from 'node:fs';
import { createConnection } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { isAlive } from '@terse/platform/process-alive';
import { signal } from './signal.ts';

const SOCKET = '.s.PGSQL.5432';
const PID_FILE = 'postmaster.pid';
const POLL_MS = 20;
/** Signals that end a server, and how long each may take, in ms. None loses committed data; SIGINT may hang. */
const STEPS = [
  ['SIGINT', 3000],
  ['SIGQUIT', 10_000],
  ['SIGKILL', 5000],
] as const;
/** How long the processes of a server may take to notice that it is gone. */
const LEFT_WITHIN_MS = 5000;

/** Where the server of a cluster listens. */
export function socketIn(folder: string): string {
  return join(folder, SOCKET);
}

/**
 * Ends the server that a killed process left on this cluster, and processes that outlived their server. Only the
 * process that has the lock of the folder may call it.
 * @throws Error in one line when it cannot be ended.
 */
export async function endSurvivor(cluster: string): Promise<void> {
  const pid = readPid(join(cluster, PID_FILE));
  if (pid !== undefined && (await serves(pid, cluster)) && !(await endServer(pid, cluster))) {
    throw new Error(`PostgreSQL (pid ${pid}) of an earlier run still has ${cluster}, and does not end.`);
  }
  if (!(await untilNoneOf(() => processesIn(cluster), LEFT_WITHIN_MS))) {
    for (const left of processesIn(cluster)) signal(left, 'SIGKILL');
  }
  for (const name of [PID_FILE, `${SOCKET}.lock`]) disown(join(cluster, name));
}

async function endServer(pid: number, cluster: string): Promise<boolean> {
  for (const [name, withinMs] of STEPS) {
    signal(pid, name);
    const deadline = performance.now() + withinMs;
    while (performance.now() < deadline) {
      if (!(await serves(pid, cluster))) return true;
      await sleep(POLL_MS);
    }
  }
  return false;
}

/**
 * Writes the number of this process into a pid file that a dead server left. PostgreSQL takes any process with the
 * number for the server, except its own parent. It refuses a file without a number, and still looks for used shared
 * memory (`CreateLockFile` in its `miscinit.c`). In a container, a new server with the old number would seem ready.
 */
function disown(path: string): void {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch {
    return;
  }
  const pid = readPid(path);
  if (pid === undefined) rmSync(path, { force: true });
  else writeFileSync(path, text.replace(/^.*/, String(process.pid)));
}

/** The first line of the file: https://www.postgresql.org/docs/18/storage-file-layout.html. */
function readPid(path: string): number | undefined {
  try {
    const pid = Number(readFileSync(path, 'utf8').split('\n', 1)[0]);
    return Number.isInteger(pid) && pid > 1 ? pid : undefined;
  } catch {
    return undefined;
  }
}

/** Whether a process is the server of a cluster: it works in the folder or, if that is hidden, answers there. */
async function serves(pid: number, cluster: string): Promise<boolean> {
  if (!isAlive(pid)) return false;
  return worksIn(pid, statOf(cluster)) ?? (await answers(socketIn(cluster)));
}

/** Processes of PostgreSQL that work in the cluster; none when the system does not show them. */
function processesIn(cluster: string): number[] {
  if (process.platform !== 'linux') return [];
  const folder = statOf(cluster);
  return readdirSync('/proc')
    .map(Number)
    .filter((pid) => pid > 1 && worksIn(pid, folder) === true);
}

/** @returns `undefined` when the system does not show it. */
function worksIn(pid: number, folder: Stats | undefined): boolean | undefined {
  if (process.platform !== 'linux') return undefined;
  try {
    const { dev, ino } = statSync(`/proc/${pid}/cwd`);
    if (dev !== folder?.dev || ino !== folder.ino) return false;
    return readFileSync(`/proc/${pid}/comm`, 'utf8').trim() === 'postgres';
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EACCES' ? undefined : false;
  }
}

function statOf(path: string): Stats | undefined {
  return statSync(path, { throwIfNoEntry: false });
}

/** Whether a server takes connections at a socket. */
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

async function untilNoneOf(list: () => readonly unknown[], withinMs: number): Promise<boolean> {
  const deadline = performance.now() + withinMs;
  while (list().length > 0) {
    if (performance.now() > deadline) return false;
    await sleep(POLL_MS);
  }
  return true;
}
