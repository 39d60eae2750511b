import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';

interface Outcome {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a function that ends by itself, with these words and settings and no others. */
export async function runCommand(
  name: string,
  words: readonly string[],
  settings: Readonly<Record<string, string>>,
): Promise<Outcome> {
  const main = fileURLToPath(new URL(`../functions/${name}/main.ts`, import.meta.url));
  const child = spawn(process.execPath, [main, ...words], {
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
