import { runCommand } from './command.ts';
import type { Engine } from './engine.ts';

export type Docker = ReturnType<typeof createDocker>;

const BUILD_TIMEOUT_MS = 280_000;

/** The command `docker` on an engine. Each method returns the output. */
export function createDocker({ environment }: Engine) {
  return {
    run: (...args: readonly string[]) =>
      runCommand('docker', args, { environment, timeoutMs: BUILD_TIMEOUT_MS }),
    /** The output of a container, of both streams. */
    logs: (id: string) => runCommand('sh', ['-c', 'exec docker logs "$0" 2>&1', id], { environment }),
    /** @param redirection of the file `$0`, in words of the shell. */
    withFile: (redirection: '<' | '>', file: string, ...args: readonly string[]) =>
      runCommand('sh', ['-c', `exec docker "$@" ${redirection}"$0"`, file, ...args], { environment }),
  };
}
