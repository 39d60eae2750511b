import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openTestDatabase } from '@terse/repository/test-database';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { runCommand } from '../../harness/processes/run-command.ts';
import { freePorts } from '../../harness/processes/free-ports.ts';

const SECRET = 'q7Zr2mVx9LkT4wPd';

let directory: string;
beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'terse-wrong-'));
  const database = await openTestDatabase();
  await runCommand('backup', [join(directory, 'backup')], { DATABASE_URL: database.url });
  await database.close();
});
afterAll(() => rmSync(directory, { recursive: true }));

function onServer(change: (url: URL) => void): string {
  const url = new URL(inject('testServer'));
  change(url);
  return url.href;
}

const WRONG: readonly (readonly [string, () => string, RegExp])[] = [
  [
    'nobody listens',
    () => `postgres://terse:${SECRET}@127.0.0.1:1/terse`,
    /connect ECONNREFUSED 127\.0\.0\.1:1/,
  ],
  [
    'there is no host',
    () => `postgres://terse:${SECRET}@no-such-host.invalid/terse?sslmode=require`,
    /no-such-host\.invalid/,
  ],
  [
    'there is no socket',
    () => `postgres://terse:${SECRET}@localhost/terse?host=/nowhere`,
    /connect ENOENT \/nowhere/,
  ],
  [
    'the password is another one',
    () => onServer((url) => (url.password = SECRET)),
    /password authentication failed for user "terse"/,
  ],
  [
    'there is no such database',
    () => onServer((url) => (url.pathname = 'none')),
    /database "none" does not exist/,
  ],
];

test.each(WRONG)('one plain line says so, and nothing is created, where %s', async (_what, url, reason) => {
  const [port, internalPort] = await freePorts(2);
  const settings = {
    DATABASE_URL: url(),
    DATA_DIR: join(directory, 'data'),
    PORT: `${port}`,
    INTERNAL_PORT: `${internalPort}`,
    EMBEDDED: 'accept',
  };
  for (const [name, words, more] of [
    ['standalone', [], {}],
    ['standalone', [], { NODE_ENV: 'production' }],
    ['migrate', [], {}],
    ['keys', ['list'], {}],
    ['backup', [join(directory, 'another')], {}],
    ['restore', [join(directory, 'backup')], {}],
  ] as const) {
    const { code, stdout, stderr } = await runCommand(name, words, { ...settings, ...more });
    expect({ name, code, stdout }).toEqual({ name, code: 1, stdout: '' });
    expect(stderr).toMatch(/^The database of DATABASE_URL cannot be used: [^\n]+\n$/);
    expect(stderr).toMatch(reason);
    expect(stderr).not.toContain(SECRET);
  }
  expect(readdirSync(directory)).toEqual(['backup']);
});
