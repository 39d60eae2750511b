import { execFileSync } from 'node:child_process';
import { cpSync, globSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { readCommit } from '../../infra/commit.ts';

let root: string;

function git(...args: string[]): void {
  execFileSync('git', ['-c', 'user.name=test', '-c', 'user.email=test@example.com', ...args], { cwd: root });
}

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'terse-commit-'));
  cpSync('.gitignore', join(root, '.gitignore'));
  git('init', '--quiet');
  git('add', '.gitignore');
  git('commit', '--quiet', '--message', 'first');
});
afterEach(() => rmSync(root, { recursive: true }));

/** The files that a command of SST 4 generates: its own folder, and types beside every `package.json`. */
const GENERATED = [
  '.sst/log/sst.log',
  '.sst/platform/config.d.ts',
  '.sst/pulumi/lock',
  ...globSync('{,packages/*/,functions/*/,infra/}package.json').map((path) =>
    join(dirname(path), 'sst-env.d.ts'),
  ),
];

test('names the commit after SST has written its generated files', () => {
  expect(GENERATED.length).toBeGreaterThan(15);
  for (const path of GENERATED) {
    mkdirSync(join(root, dirname(path)), { recursive: true });
    writeFileSync(join(root, path), '');
  }
  expect(readCommit({}, root)).toMatch(/^[0-9a-f]{12}$/);
});

test('refuses uncommitted files', () => {
  writeFileSync(join(root, 'sst.config.ts'), '');
  expect(() => readCommit({}, root)).toThrow('Commit first');
});

test('uses the given commit where there is no git', () => {
  rmSync(join(root, '.git'), { recursive: true });
  expect(readCommit({ COMMIT: 'abcdef012345' }, root)).toBe('abcdef012345');
});
