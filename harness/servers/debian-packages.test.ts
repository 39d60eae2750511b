import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { ensureDebianPackages, programDirectory } from './debian-packages.ts';

let root = '';

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'terse-machine-'));
});

afterEach(() => rmSync(root, { recursive: true }));

function addProgram(path: string): void {
  const file = join(root, path);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, '');
  chmodSync(file, 0o755);
}

test('names the missing packages and how to install them', async () => {
  addProgram('usr/bin/redis-server');
  await expect(
    ensureDebianPackages(['postgresql', 'redis-server', 'rabbitmq-server'], { root, mayInstall: false }),
  ).rejects.toThrow(
    'These Debian packages are missing: postgresql, rabbitmq-server. Install them with\n' +
      '  sudo apt-get install --no-install-recommends postgresql rabbitmq-server',
  );
});

test('takes the newest PostgreSQL that has a server', async () => {
  for (const version of ['9.6', '15', '17']) {
    addProgram(`usr/lib/postgresql/${version}/bin/initdb`);
    addProgram(`usr/lib/postgresql/${version}/bin/postgres`);
  }
  addProgram('usr/lib/postgresql/18/bin/psql');
  expect(await programDirectory('postgresql', { root, mayInstall: false })).toBe(
    join(root, 'usr/lib/postgresql/17/bin'),
  );
});
