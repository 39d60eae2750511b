import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { canReach, type Identity } from './identity.ts';
import { WHERE_THERE_IS_NONE } from './programs.ts';

export interface LaunchOptions {
  readonly program: string;
  readonly args: readonly string[];
  /** `undefined` for this user. */
  readonly identity: Identity | undefined;
  /** The folder that the program works in. */
  readonly folder: string;
  /** What the program gets when this process ends without stopping it, where the system can do that. */
  readonly orphanSignal: 'INT' | 'KILL';
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

/**
 * Starts a program of PostgreSQL, in a process group of its own: Ctrl-C in a terminal reaches this process only.
 * @throws Error in one line when it cannot be started.
 */
export async function launch(options: LaunchOptions): Promise<Launched> {
  const { program, args, identity, onLine } = options;
  const hasSetpriv = process.platform === 'linux' && existsSync(SETPRIV);
  const [command, ...rest] = hasSetpriv
    ? [SETPRIV, ...privileges(options), '--', program, ...args]
    : [program, ...args];
  const child = spawn(command, rest, {
    cwd: '/',
    env: { PATH: '/usr/bin:/bin', LC_ALL: 'C', TZ: 'UTC' },
    stdio: ['ignore', 'ignore', 'pipe'],
    detached: true,
    ...(!hasSetpriv && identity),
  });
  readLines(child, onLine);
  return new Promise((resolve, reject) => {
    child.once('error', () => reject(new Error(`${program} cannot be run here. ${WHERE_THERE_IS_NONE}`)));
    child.once('spawn', () => {
      const ended = new Promise<number | NodeJS.Signals | null>((resolve) => {
        child.once('close', (code, signal) => resolve(code ?? signal));
      });
      resolve({ pid: child.pid ?? 0, ended });
    });
  });
}

/**
 * What setpriv is told. Folders such as /root let no other user in. PostgreSQL then gets one right of root's: to read
 * and enter any folder. The secure bit lets access(2) know of it: https://man7.org/linux/man-pages/man2/access.2.html.
 */
function privileges({ program, folder, identity, orphanSignal }: LaunchOptions): readonly string[] {
  const orphan = `--pdeathsig=${orphanSignal}`;
  if (!identity) return [orphan];
  const user = [`--reuid=${identity.uid}`, `--regid=${identity.gid}`, '--clear-groups', orphan];
  if (canReach(program, identity) && canReach(folder, identity)) return user;
  const right = '-all,+dac_read_search';
  return [
    ...user,
    '--securebits=+no_setuid_fixup,+noroot',
    ...['bounding-set', 'inh-caps', 'ambient-caps'].map((set) => `--${set}=${right}`),
  ];
}

function readLines(child: ChildProcess, onLine: (line: string) => void): void {
  let rest = '';
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    const lines = (rest + text).split('\n');
    rest = (lines.pop() ?? '').slice(0, MAX_LINE_LENGTH);
    for (const line of lines) onLine(line.slice(0, MAX_LINE_LENGTH));
  });
}

/** What a line of a program says of why it ends; `undefined` for other lines. */
export function faultIn(line: string): string | undefined {
  const [, fault, privilege] =
    /^(?:initdb: error|FATAL|PANIC|.*\bFATAL): +(.+)|^setpriv: (.+)/.exec(line) ?? [];
  if (privilege === undefined) return fault;
  return `PostgreSQL refuses to run as root, and root cannot make it another user here (${privilege}). Run Terse as that user.`;
}
