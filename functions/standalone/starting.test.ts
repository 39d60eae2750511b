import { type SpawnOptions, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { othersReachCheckout } from '../../harness/processes/root-rights.ts';
import { freePorts } from '../../harness/processes/free-ports.ts';
import { PRODUCT_FUNCTIONS } from '../manifests.ts';
import { originsAt } from '../test-origins.ts';

/** Absent backing services. They do not fail a start. */
const SETTINGS = {
  DATABASE_URL: 'postgres://127.0.0.1:1/none',
  REDIS_URL: 'redis://127.0.0.1:1',
  RABBITMQ_URL: 'amqp://127.0.0.1:1',
  BASE_URL: 'http://go.example',
  ...originsAt('http://127.0.0.1:1'),
  TRIGGER: 'external',
};
const EMBEDDED = { DATABASE_URL: '', REDIS_URL: '', RABBITMQ_URL: '' };

const FUNCTIONS = [
  ['standalone', EMBEDDED] as const,
  ...PRODUCT_FUNCTIONS.map((name) => [name, {}] as const),
];

let directory: string;
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'terse-starting-'));
});
afterAll(() => rmSync(directory, { recursive: true }));

/** Runs a function that cannot start. @returns its exit code, and what it wrote. */
async function refused(
  name: string,
  settings: Readonly<Record<string, string>>,
  options: SpawnOptions = {},
): Promise<[code: number | null, output: string]> {
  const main = join(import.meta.dirname, '..', name, 'main.ts');
  const child = spawn(process.execPath, [main], {
    ...options,
    env: { DATA_DIR: join(directory, name), ...SETTINGS, ...settings },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream?.on('data', (chunk: Buffer) => (output += chunk.toString()));
  }
  await once(child, 'close');
  return [child.exitCode, output];
}

async function takenPort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => void server.close());
  return (server.address() as AddressInfo).port;
}

describe.each(FUNCTIONS)('%s finds before it opens or creates anything', (name, services) => {
  test('that both its ports are in use', async () => {
    const [port, internalPort] = [await takenPort(), await takenPort()];
    const settings = { ...services, PORT: `${port}`, INTERNAL_PORT: `${internalPort}` };
    expect(await refused(name, settings)).toEqual([
      1,
      `PORT ${port} is in use: another process listens there\n` +
        `INTERNAL_PORT ${internalPort} is in use: another process listens there\n`,
    ]);
    expect(existsSync(join(directory, name))).toBe(false);
  });
});

test.each([
  [
    'addresses of another machine',
    { HOST: '192.0.2.1', INTERNAL_HOST: '2001:db8::1' },
    'HOST 192.0.2.1 is no address of this machine\nINTERNAL_HOST 2001:db8::1 is no address of this machine\n',
  ],
  [
    'wrong settings',
    { HOST: '999.1.1.1', ADMIN_API_KEY: ' '.repeat(20) },
    'These settings are wrong:\n  HOST must be an IP address, without brackets, or a host name\n' +
      '  ADMIN_API_KEY must have 16 to 256 visible ASCII characters, without spaces\n',
  ],
])('%s stop the start, each named in a line, before anything is created', async (_what, settings, output) => {
  expect(await refused('standalone', { ...EMBEDDED, ...settings })).toEqual([1, output]);
  expect(existsSync(join(directory, 'standalone'))).toBe(false);
});

test.each([
  ['JOURNAL_DIR', 'file', /cannot hold a journal: .*file is not a folder\.\n$/],
  ['JOURNAL_DIR', 'file/journal', /cannot hold a journal: .*file is not a folder\.\n$/],
  ['JOURNAL_DIR', 'link', /cannot hold a journal: .*link is a link to nowhere, which is not there\.\n$/],
  ['JOURNAL_DIR', 'x'.repeat(300), /cannot hold a journal: .* cannot be reached: its path is too long\n$/],
  ['DATA_DIR', 'file/data', /file is not a folder\.\n$/],
  ['DATA_DIR', 'link', /link is a link to nowhere, which is not there\.\n$/],
  ['DATA_DIR', 'link/data', /link is a link to nowhere, which is not there\.\n$/],
])('%s=%s stops the start before anything is created', async (setting, name, line) => {
  const folder = mkdtempSync(join(directory, 'start-'));
  writeFileSync(join(folder, 'file'), '');
  symlinkSync('nowhere', join(folder, 'link'));
  const [port, internalPort] = await freePorts(2);
  const settings = {
    ...EMBEDDED,
    PORT: `${port}`,
    INTERNAL_PORT: `${internalPort}`,
    DATA_DIR: join(folder, 'data'),
    [setting]: join(folder, name),
  };
  const [code, output] = await refused('standalone', settings);
  expect(code).toBe(1);
  expect(output).toMatch(line);
  expect(output).toMatch(/^[^\n]+\n$/);
  expect(readdirSync(folder).toSorted()).toEqual(['file', 'link']);
});

const FIRST_FREE_TO_ALL = '/proc/sys/net/ipv4/ip_unprivileged_port_start';
const hasPrivilegedPorts =
  existsSync(FIRST_FREE_TO_ALL) && Number(readFileSync(FIRST_FREE_TO_ALL, 'utf8')) > 80;

test.runIf(hasPrivilegedPorts && othersReachCheckout)('a port that needs a privilege is named', async () => {
  const nobody = process.getuid?.() === 0 ? { uid: 65_534, gid: 65_534 } : {};
  const [free = 0] = await freePorts(1);
  expect(
    await refused('gateway', { HOST: '127.0.0.1', PORT: '80', INTERNAL_PORT: `${free}` }, nobody),
  ).toEqual([1, 'PORT 80 is not allowed for this user: low ports need a privilege\n']);
});
