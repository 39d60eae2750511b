import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { mainOf, type Settings } from './function-process.ts';

interface Outcome {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

interface RunningCommand {
  readonly ended: Promise<Outcome>;
  send(signal: NodeJS.Signals): void;
}

/**
 * Runs a function that is a command to its end, with these words and settings and no others.
 * @param by a program that runs it, with its arguments.
 */
export function runCommand(...command: Parameters<typeof startCommand>): Promise<Outcome> {
  return startCommand(...command).ended;
}

export function startCommand(
  name: string,
  words: readonly string[],
  settings: Settings,
  by: readonly string[] = [],
): RunningCommand {
  const [program = '', ...args] = [...by, process.execPath, mainOf(name), ...words];
  const child = spawn(program, args, {
    env: { PATH: '', ...settings },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const outcome = Promise.all([
    once(child, 'close') as Promise<[number | null]>,
    text(child.stdout),
    text(child.stderr),
  ]);
  return {
    ended: outcome.then(([[code], stdout, stderr]) => ({ code, stdout, stderr })),
    send: (signal) => void child.kill(signal),
  };
}
