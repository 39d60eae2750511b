import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';

export interface StandaloneProcess {
  readonly url: string;
  readonly pid: number | undefined;
  /** From starting the process to its banner. */
  readonly startMs: number;
  /** What it has written so far. */
  output(): string;
  call(method: string, path: string, body?: unknown): Promise<Response>;
  /** Sends the signal and waits for the end; the exit code, or `null` when the signal ended it. */
  end(signal: NodeJS.Signals): Promise<number | null>;
}

const API_KEY = 'standalone-test-key-0123';

const MAIN = new URL('../functions/standalone/main.ts', import.meta.url).pathname;
const START_TIMEOUT_MS = 30_000;

/** Starts the product as `npm start` does, and waits for its banner. @throws Error with its output when it ends instead. */
export async function startStandalone(
  directory: string,
  settings: Record<string, string> = {},
): Promise<StandaloneProcess> {
  const port = await freePort();
  const startedAt = performance.now();
  const child = spawn(process.execPath, [MAIN], {
    env: { PATH: '', PORT: `${port}`, DATA_DIR: directory, ADMIN_API_KEY: API_KEY, ...settings },
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk: Buffer) => (output += chunk.toString()));
  await ready(child, () => output);
  const url = `http://127.0.0.1:${port}`;
  return {
    url,
    pid: child.pid,
    startMs: performance.now() - startedAt,
    output: () => output,
    call: (method, path, body) =>
      fetch(url + path, {
        method,
        headers: { Authorization: `Bearer ${API_KEY}`, 'Content-Type': 'application/json' },
        redirect: 'manual',
        ...(body !== undefined && { body: JSON.stringify(body) }),
      }),
    end: async (signal) => {
      child.kill(signal);
      if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
      return child.exitCode;
    },
  };
}

function ready(child: ChildProcess, output: () => string): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      child.kill('SIGKILL');
      fail('was not ready in time');
    }, START_TIMEOUT_MS);
    const fail = (reason: string) => {
      clearTimeout(timer);
      reject(new Error(`The process ${reason}:\n${output()}`));
    };
    child.once('exit', (code) => fail(`ended with exit code ${code}`));
    child.stdout?.on('data', () => {
      if (!output().includes('Terse is ready')) return;
      clearTimeout(timer);
      resolve();
    });
  });
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  return port;
}
