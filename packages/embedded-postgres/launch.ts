import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { folderThatBars, type Identity } from './identity.ts';
import { WHERE_THERE_IS_NONE } from './programs.ts';

export interface LaunchOptions {
  readonly program: string;
  readonly args: readonly string[];
  /** `undefined` for this user. */
  readonly identity: Identity | undefined;
  /** The folder that the program works in. */
  readonly folder: string;
  /** The signal that the program gets when this process ends without stopping it, where the system can send one. */
  readonly orphanSignal: 'QUIT' | 'KILL';
  /** Takes each line that the program writes to standard error. */
  readonly onLine: (line: string) => void;
}

export interface Launched {
  readonly pid: number;
  /** Resolves with the exit code, or the signal. */
  readonly ended: Promise<number | NodeJS.Signals | null>;
}

const SETPRIV = '/usr/bin/setpriv';
const MAX_LINE_LENGTH = 2000;
/** How long to wait for processes of PostgreSQL that outlive the first one, and hold its standard error open. */
const CLOSED_WITHIN_MS = 2000;

/**
 * Starts a program of PostgreSQL in a new process group, so that Ctrl-C in a terminal reaches only this process.
 * @throws Error in one line when it cannot be started.
 */
export async function launch(options: LaunchOptions): Promise<Launched> {
  const { program, args, identity, onLine } = options;
  const hasSetpriv = canSetPrivileges();
  const barred = barredFrom(options);
  if (barred !== undefined && !hasSetpriv) throw new Error(barred);
  const [command, ...rest] = hasSetpriv
    ? [SETPRIV, ...privileges(options, barred !== undefined), '--', program, ...args]
    : [program, ...args];
  const child = spawn(command, rest, {
    cwd: '/',
    env: { PATH: '/usr/bin:/bin', LC_ALL: 'C', TZ: 'UTC' },
    stdio: ['ignore', 'ignore', 'pipe'],
    detached: true,
    ...(!hasSetpriv && identity),
  });
  readLines(child, (line) => onLine(explainRefusal(line, barred)));
  return new Promise((resolve, reject) => {
    child.once('error', ({ message }) => reject(new Error(cannotBeRun(program, message))));
    child.once('spawn', () => resolve({ pid: child.pid ?? 0, ended: endOf(child) }));
  });
}

let canSet: boolean | undefined;

/** Whether there is a setpriv that knows `--pdeathsig`. Those of BusyBox and of old systems do not. */
function canSetPrivileges(): boolean {
  canSet ??= spawnSync(SETPRIV, ['--pdeathsig=KILL', '--', SETPRIV, '--version']).status === 0;
  return canSet;
}

/** Why the user who runs the program cannot enter a folder that it needs; `undefined` when that user can. */
function barredFrom({ program, folder, identity }: LaunchOptions): string | undefined {
  const barrier = identity && (folderThatBars(program, identity) ?? folderThatBars(folder, identity));
  if (barrier === undefined) return undefined;
  return (
    `PostgreSQL, which refuses to run as root, cannot enter ${barrier} as user ${identity?.uid}. ` +
    'Let everyone enter it, or run Terse as another user.'
  );
}

/**
 * The options of setpriv. Below a folder such as /root, which lets no other user in, PostgreSQL gets one right of root:
 * to read and enter any folder. The secure bits make access(2) respect that right:
 * https://man7.org/linux/man-pages/man2/access.2.html.
 */
function privileges({ identity, orphanSignal }: LaunchOptions, isBarred: boolean): readonly string[] {
  const orphan = `--pdeathsig=${orphanSignal}`;
  if (!identity) return [orphan];
  const user = [`--reuid=${identity.uid}`, `--regid=${identity.gid}`, '--clear-groups', orphan];
  if (!isBarred) return user;
  const right = '-all,+dac_read_search';
  return [
    ...user,
    '--securebits=+no_setuid_fixup,+noroot',
    ...['bounding-set', 'inh-caps', 'ambient-caps'].map((set) => `--${set}=${right}`),
  ];
}

/** Rewrites a fault of setpriv as PostgreSQL would write it. Other lines stay as they are. */
function explainRefusal(line: string, barred: string | undefined): string {
  const [, program, why] = /^setpriv: failed to execute (.+): (.+)/.exec(line) ?? [];
  if (program !== undefined && why !== undefined) return `FATAL:  ${cannotBeRun(program, why)}`;
  const [, refusal] = /^setpriv: (.+)/.exec(line) ?? [];
  if (refusal === undefined) return line;
  const isOther = refusal.startsWith('setres') || refusal.startsWith('setgroups');
  if (barred !== undefined && !isOther) return `FATAL:  ${barred}`;
  return `FATAL:  ${mustNotBeRoot(refusal).message}`;
}

/** @param why why root cannot run PostgreSQL as another user. */
export function mustNotBeRoot(why: string): Error {
  return new Error(
    `PostgreSQL refuses to run as root, and root cannot become another user here (${why}). Run Terse as another user.`,
  );
}

function cannotBeRun(program: string, why: string): string {
  return `${program} cannot be run here (${why}). ${WHERE_THERE_IS_NONE}`;
}

function endOf(child: ChildProcess): Promise<number | NodeJS.Signals | null> {
  return new Promise((resolve) => {
    child.once('close', (code, signal) => resolve(code ?? signal));
    child.once('exit', () => {
      setTimeout(() => child.stderr?.destroy(), CLOSED_WITHIN_MS).unref();
    });
  });
}

function readLines(child: ChildProcess, onLine: (line: string) => void): void {
  let rest = '';
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    const lines = (rest + text).split('\n');
    rest = (lines.pop() ?? '').slice(0, MAX_LINE_LENGTH);
    for (const line of lines) onLine(line.slice(0, MAX_LINE_LENGTH));
  });
}

/** Lines that PostgreSQL, its tools and the loader of their libraries write before they end. */
const FAULTS = [
  /^(?:FATAL|PANIC|.*\bFATAL): +(.+)/,
  /^(?:initdb|postgres): (?!warning|hint|detail)(?:error: )?(.+)/,
  /: (error while loading .+)/,
];
/** The answer to clients that come while the server does not take any. */
const TURNED_AWAY = /^the database system is /;

/** The reason that a program gives for its end; `undefined` for other lines. */
export function faultIn(line: string): string | undefined {
  for (const pattern of FAULTS) {
    const fault = pattern.exec(line)?.[1];
    if (fault !== undefined) return TURNED_AWAY.test(fault) ? undefined : fault;
  }
  return undefined;
}
