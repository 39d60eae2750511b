import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

const REHEARSAL = join(import.meta.dirname, 'rehearse.ts');
const TIMEOUT_MS = 60_000;
const POLL_MS = 20;
/** Paths that a function answers without any backing service. */
const INTERNAL_PATHS = ['/.live', '/.ready'];
const PATHS = ['/rehearsal', '/api/v1/links/rehearsal/stats'];
const SETTINGS = {
  LOG_LEVEL: 'silent',
  JOURNAL_DIR: 'none',
  BASE_URL: 'https://rehearsal.example',
  ADMIN_API_KEY: 'rehearsal-rehearsal',
};
const ABSENT_SERVICES = {
  DATABASE_URL: 'postgres://127.0.0.1:1/none',
  REDIS_URL: 'redis://127.0.0.1:1',
  RABBITMQ_URL: 'amqp://127.0.0.1:1',
};
const ABSENT_ORIGIN = 'http://127.0.0.1:1';

/** Lets PostgreSQL enter the folder as another user, where this is root. */
const PASSAGE = 0o711;

/**
 * Writes V8's compiled code of a bundle beside it: `bundle.js.compiled`. Starts the function once and sends it a few
 * requests, so that the file has the code of a start and a first answer. A bundle without a database runs on absent
 * backing services. The file serves this version of Node on this kind of processor; others ignore it.
 * @param bundle its absolute path.
 * @throws Error when the function does not start, or not in time.
 */
export async function compile(bundle: string): Promise<void> {
  const compiled = `${bundle}.compiled`;
  rmSync(compiled, { force: true });
  const [port, internalPort] = await Promise.all([freePort(), freePort()]);
  const hasDatabase = existsSync(join(dirname(bundle), 'node_modules'));
  const directory = mkdtempSync(join(tmpdir(), 'terse-rehearsal-'));
  chmodSync(directory, PASSAGE);
  const child = spawn(process.execPath, [REHEARSAL, bundle, ...(hasDatabase ? [] : ['at-once'])], {
    env: {
      ...SETTINGS,
      ...(hasDatabase ? { DATA_DIR: directory } : ABSENT_SERVICES),
      ...originsOf(bundle),
      PORT: String(port),
      INTERNAL_PORT: String(internalPort),
    },
    stdio: ['ignore', 'ignore', 'pipe'],
    timeout: TIMEOUT_MS,
    killSignal: 'SIGKILL',
  });
  let errors = '';
  child.stderr.on('data', (chunk: Buffer) => (errors += chunk.toString()));
  const ended = once(child, 'close');
  for (const path of INTERNAL_PATHS) {
    await untilAnswered(child, `http://127.0.0.1:${internalPort}${path}`);
  }
  // A function that serves callers listens before it is live; one with a trigger does not listen here.
  for (const path of PATHS) await fetch(`http://127.0.0.1:${port}${path}`).catch(() => undefined);
  child.kill('SIGTERM');
  await ended;
  rmSync(directory, { recursive: true });
  if (!existsSync(compiled)) throw new Error(`${bundle} could not be rehearsed.\n${errors}`);
}

/** Returns an address for each function that the bundle forwards to. */
function originsOf(bundle: string): Readonly<Record<string, string>> {
  const description = readFileSync(join(dirname(bundle), 'package.json'), 'utf8');
  const { origins } = JSON.parse(description) as { readonly origins: readonly string[] };
  return Object.fromEntries(origins.map((setting) => [setting, ABSENT_ORIGIN]));
}

/** Also returns when the process ends, as a command does. */
async function untilAnswered(child: ChildProcess, url: string): Promise<void> {
  while (child.exitCode === null && child.signalCode === null) {
    const answered = await fetch(url).then(
      () => true,
      () => false,
    );
    if (answered) return;
    await sleep(POLL_MS);
  }
}

async function freePort(): Promise<number> {
  const server = createServer();
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  return address !== null && typeof address === 'object' ? address.port : 0;
}

if (import.meta.main) await Promise.all(process.argv.slice(2).map((bundle) => compile(resolve(bundle))));
