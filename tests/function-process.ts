import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { freePorts } from './stack/free-ports.ts';

export interface FunctionProcess {
  readonly url: string;
  /** Where it serves `/.live`, `/.started`, `/.ready` and `/.metrics`. */
  readonly internalUrl: string;
  readonly pid: number | undefined;
  /** What it has written so far. */
  output(): string;
  /** Sends the signal and waits for the end; the exit code, or `null` when the signal ended it. */
  end(signal: NodeJS.Signals): Promise<number | null>;
}

const START_TIMEOUT_MS = 30_000;

/**
 * Starts a function with these settings and no others, and waits until it is live.
 * @throws Error with its output when it ends instead.
 */
export function startFunction(
  name: string,
  settings: Readonly<Record<string, string>>,
): Promise<FunctionProcess> {
  const main = fileURLToPath(new URL(`../functions/${name}/main.ts`, import.meta.url));
  return startServer([process.execPath, main], settings);
}

/**
 * Starts what serves `/.live` at the `INTERNAL_PORT` of its settings, a free one unless it is set, and waits until it
 * does.
 * @throws Error with its output when it ends instead.
 */
export async function startServer(
  [program = '', ...args]: readonly string[],
  settings: Readonly<Record<string, string>>,
): Promise<FunctionProcess> {
  const [free = 0] = await freePorts(1);
  const environment = { INTERNAL_PORT: `${free}`, ...settings };
  const child = spawn(program, args, { env: { PATH: '', ...environment } });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk: Buffer) => (output += chunk.toString()));
  }
  const internalUrl = `http://127.0.0.1:${environment.INTERNAL_PORT}`;
  await untilLive(child, internalUrl, () => output);
  return {
    url: `http://127.0.0.1:${settings['PORT']}`,
    internalUrl,
    pid: child.pid,
    output: () => output,
    end: async (signal) => {
      child.kill(signal);
      if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
      return child.exitCode;
    },
  };
}

async function untilLive(child: ChildProcess, url: string, output: () => string): Promise<void> {
  const deadline = Date.now() + START_TIMEOUT_MS;
  const ended = once(child, 'close');
  for (;;) {
    const live = await fetch(`${url}/.live`).then(
      ({ ok }) => ok,
      () => false,
    );
    if (live) return;
    if (child.exitCode !== null) {
      await ended;
      throw new Error(`The process ended with exit code ${child.exitCode}:\n${output()}`);
    }
    if (Date.now() > deadline) {
      child.kill('SIGKILL');
      throw new Error(`The process was not live in time:\n${output()}`);
    }
    await new Promise((resolve) => {
      setTimeout(resolve, 20);
    });
  }
}
