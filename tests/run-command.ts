import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';

interface Outcome {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/**
 * Runs a function that ends by itself, with these words and settings and no others.
 * @param by a program that runs it, with its own words.
 */
export async function runCommand(
  name: string,
  words: readonly string[],
  settings: Readonly<Record<string, string>>,
  by: readonly string[] = [],
): Promise<Outcome> {
  const main = fileURLToPath(new URL(`../functions/${name}/main.ts`, import.meta.url));
  const [program = process.execPath, ...before] = by;
  const own = by.length > 0 ? [process.execPath] : [];
  const child = spawn(program, [...before, ...own, main, ...words], {
    env: { PATH: '', ...settings },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const [[code], stdout, stderr] = await Promise.all([
    once(child, 'close') as Promise<[number | null]>,
    text(child.stdout),
    text(child.stderr),
  ]);
  return { code, stdout, stderr };
}
