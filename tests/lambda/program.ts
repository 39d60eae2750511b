import { spawn } from 'node:child_process';
import { once } from 'node:events';

/** A program of this repository that runs until it is stopped. */
export interface StartedProgram {
  output(): string;
  /** Stops it. Resolves with its exit code. */
  stop(): Promise<number | null>;
}

export function startProgram(
  main: string,
  args: readonly string[],
  settings: Readonly<Record<string, string>>,
): StartedProgram {
  const child = spawn(process.execPath, [main, ...args], { env: { PATH: '', ...settings } });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk: Buffer) => (output += chunk.toString()));
  }
  return {
    output: () => output,
    stop: async () => {
      child.kill('SIGTERM');
      if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
      return child.exitCode;
    },
  };
}
