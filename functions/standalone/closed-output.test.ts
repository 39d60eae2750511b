import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, existsSync, mkdtempSync, openSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { openTestDatabase, type TestDatabase } from '@terse/repository/test-database';
import { afterAll, beforeAll, describe, expect, onTestFinished, test, vi } from 'vitest';
import { freePorts } from '../../harness/processes/free-ports.ts';
import { PRODUCT_FUNCTIONS } from '../manifests.ts';
import { originsAt } from '../test-origins.ts';

const API_KEY = 'output-test-key-0123';
const FULL_DISK = '/dev/full';
const ORIGIN = 'http://127.0.0.1:1';
/** Absent backing services, whose faults each function logs. */
const NOWHERE = {
  DATABASE_URL: 'postgres://127.0.0.1:1/none',
  REDIS_URL: 'redis://127.0.0.1:1',
  RABBITMQ_URL: 'amqp://127.0.0.1:1',
  BASE_URL: 'http://go.example',
  ...originsAt(ORIGIN),
};

let directory: string;
let database: TestDatabase;
beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'terse-output-'));
  database = await openTestDatabase();
});
afterAll(async () => {
  await database.close();
  rmSync(directory, { recursive: true });
});

/** Where both outputs of a process go: a pipe without a reader, or a file on a full disk. */
const LOST: readonly (readonly [string, () => 'pipe' | number])[] = [
  ['to a closed pipe', () => 'pipe'],
  ...(existsSync(FULL_DISK) ? [['to a full disk', () => openSync(FULL_DISK, 'w')] as const] : []),
];

function run(
  name: string,
  words: readonly string[],
  settings: Readonly<Record<string, string>>,
  outputs: readonly ['pipe' | number, 'pipe' | number],
): ChildProcess {
  const main = join(import.meta.dirname, '..', name, 'main.ts');
  const child = spawn(process.execPath, [main, ...words], { env: settings, stdio: ['ignore', ...outputs] });
  onTestFinished(() => void child.kill('SIGKILL'));
  for (const output of outputs) if (output !== 'pipe') closeSync(output);
  return child;
}

describe.each(LOST)('with its output %s', (_where, open) => {
  async function start(name: string, settings: Readonly<Record<string, string>>) {
    const [port, internalPort] = await freePorts(2);
    const ports = { PORT: `${port}`, INTERNAL_PORT: `${internalPort}` };
    const child = run(name, [], { DATA_DIR: join(directory, name), ...settings, ...ports }, [open(), open()]);
    for (const stream of [child.stdout, child.stderr]) stream?.destroy();
    const url = `http://127.0.0.1:${port}`;
    const answers = (path: string) =>
      fetch(`http://127.0.0.1:${internalPort}${path}`).then(
        ({ ok }) => ok,
        () => false,
      );
    return { child, url, answers };
  }

  async function expectCleanStop(child: ChildProcess): Promise<void> {
    child.kill('SIGTERM');
    await once(child, 'exit');
    expect(child.exitCode).toBe(0);
  }

  test('the single process starts, redirects and stops', async () => {
    const settings = { DATABASE_URL: database.url, ADMIN_API_KEY: API_KEY, LOG_LEVEL: 'debug' };
    const { child, url, answers } = await start('standalone', settings);
    await vi.waitUntil(() => answers('/.ready'), { timeout: 20_000 });
    const made = await fetch(`${url}/api/v1/links`, {
      method: 'POST',
      headers: { Authorization: `Bearer ${API_KEY}`, 'Content-Type': 'application/json' },
      body: JSON.stringify({ original_url: 'https://example.com/' }),
    });
    const { short_url } = (await made.json()) as { short_url: string };
    expect((await fetch(short_url, { redirect: 'manual' })).status).toBe(307);
    await expectCleanStop(child);
    await database.db.deleteFrom('links').execute();
  });

  test.each(PRODUCT_FUNCTIONS)('%s goes on when it logs faults', async (name) => {
    const { child, url, answers } = await start(name, { ...NOWHERE, LOG_LEVEL: 'debug' });
    await vi.waitUntil(() => answers('/.live'), { timeout: 20_000 });
    // This and a visitor make it call the backing services.
    await answers('/.ready');
    await fetch(`${url}/code`).catch(() => undefined);
    await answers('/.ready');
    expect(await answers('/.live')).toBe(true);
    await expectCleanStop(child);
  });
});

describe('a command', () => {
  const settings = () => ({ DATABASE_URL: database.url });
  const both = (stream: Readable | null) => (stream ? text(stream) : '');

  test.each([
    ['keys', ['list']],
    ['migrate', []],
    ['backup', ['-']],
  ])('%s ends quietly when nobody reads its result, as SIGPIPE would end it', async (name, words) => {
    const child = run(name, words, settings(), ['pipe', 'pipe']);
    child.stdout?.destroy();
    const [said] = await Promise.all([both(child.stderr), once(child, 'exit')]);
    expect([child.exitCode, said]).toEqual([141, '']);
  });

  test.runIf(existsSync(FULL_DISK)).each([
    ['keys', ['list']],
    ['backup', ['-']],
  ])('%s says in one line that its result cannot be written', async (name, words) => {
    const child = run(name, words, settings(), [openSync(FULL_DISK, 'w'), 'pipe']);
    const [said] = await Promise.all([both(child.stderr), once(child, 'exit')]);
    expect([child.exitCode, said]).toEqual([
      1,
      'Standard output cannot be written: ENOSPC: no space left on device, write\n',
    ]);
  });

  test('a backup is written when nobody reads its messages', async () => {
    const child = run('backup', ['-'], settings(), ['pipe', 'pipe']);
    child.stderr?.destroy();
    const [written] = await Promise.all([child.stdout?.toArray(), once(child, 'exit')]);
    expect(child.exitCode).toBe(0);
    expect(Buffer.concat(written as Buffer[]).subarray(0, 2)).toEqual(Buffer.from([0x1f, 0x8b]));
  });

  test('a command that fails exits with code 1 when nobody reads the reason', async () => {
    const child = run('backup', [join(directory, 'none', 'file')], settings(), ['pipe', 'pipe']);
    child.stderr?.destroy();
    await once(child, 'exit');
    expect(child.exitCode).toBe(1);
  });
});
