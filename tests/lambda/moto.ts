import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { killOnExit } from '../stack/clean-up.ts';
import { onFreePorts } from '../stack/free-ports.ts';

const VERSION = '5.1.18';
const DIRECTORY = `node_modules/.cache/moto-${VERSION}`;
const INSTALL_WITHIN_MS = 240_000;
const READY_WITHIN_MS = 30_000;

/** Moto's server, which speaks the API of AWS and keeps its state in memory. */
export interface Moto {
  /** Settings with which everything finds it. */
  readonly settings: Readonly<Record<string, string>>;
  stop(): Promise<void>;
}

/** Starts Moto, installed from PyPI. Returns the reason instead when PyPI is unreachable. */
export async function startMoto(): Promise<Moto | string> {
  const server = join(DIRECTORY, 'bin/moto_server');
  try {
    if (!existsSync(server)) await install();
  } catch (error) {
    return `Moto cannot be installed: ${error instanceof Error ? (error.message.split('\n')[0] ?? '') : String(error)}`;
  }
  return onFreePorts(1, async ([port = 0]) => {
    const child = spawn(server, ['-H', '127.0.0.1', '-p', `${port}`], { stdio: 'ignore' });
    const forget = child.pid === undefined ? () => {} : killOnExit(child.pid);
    const url = `http://127.0.0.1:${port}`;
    for (const deadline = Date.now() + READY_WITHIN_MS; ; await sleep(50)) {
      const answers = await fetch(`${url}/moto-api/data.json`).then(
        ({ ok }) => ok,
        () => false,
      );
      if (answers) break;
      if (child.exitCode !== null || Date.now() > deadline) throw new Error(`Moto is not ready at ${url}.`);
    }
    return {
      settings: {
        AWS_ENDPOINT_URL: url,
        AWS_REGION: 'eu-central-1',
        AWS_ACCESS_KEY_ID: 'test',
        AWS_SECRET_ACCESS_KEY: 'test',
      },
      stop: async () => {
        child.kill('SIGTERM');
        if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
        forget();
      },
    };
  });
}

async function install(): Promise<void> {
  const run = promisify(execFile);
  await run('python3', ['-m', 'venv', '--clear', DIRECTORY]);
  await run(join(DIRECTORY, 'bin/pip'), ['--quiet', 'install', `moto[server]==${VERSION}`], {
    timeout: INSTALL_WITHIN_MS,
  });
}
