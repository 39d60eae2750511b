import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const MAX_OUTPUT_BYTES = 16 * 1024 * 1024;

/**
 * Runs a program in the root of the repository and returns its standard output.
 * @throws Error with its standard error when it fails or takes too long.
 */
export async function runCommand(
  program: string,
  args: readonly string[],
  { environment = {}, timeoutMs = 60_000 }: { environment?: NodeJS.ProcessEnv; timeoutMs?: number } = {},
): Promise<string> {
  const { stdout } = await promisify(execFile)(program, args, {
    cwd: ROOT,
    env: { ...process.env, ...environment },
    timeout: timeoutMs,
    maxBuffer: MAX_OUTPUT_BYTES,
  });
  return stdout;
}
