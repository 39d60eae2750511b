import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';

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
 * Runs a function that ends by itself, with these words and settings and no others.
 * @param by a program that runs it, with its arguments.
 */
export function runCommand(...command: Parameters<typeof startCommand>): Promise<Outcome> {
  return startCommand(...command).ended;
}

export function startCommand(
  name: string,
  words: readonly string[],
  settings: Readonly<Record<string, string>>,
  by: readonly string[] = [],
): RunningCommand {
  const main = fileURLToPath(new URL(`../functions/${name}/main.ts`, import.meta.url));
  const [program = process.execPath, ...before] = by;
  const own = by.length > 0 ? [process.execPath] : [];
  const child = spawn(program, [...before, ...own, main, ...words], {
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
