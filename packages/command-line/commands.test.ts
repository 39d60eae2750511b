import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import manifest from '../../package.json' with { type: 'json' };

const ROOT = join(import.meta.dirname, '../..');

/** The commands of `npm run`, by their programs. */
const COMMANDS = Object.entries(manifest.scripts).flatMap(([name, script]) => {
  const [, program] = /^exec node (\S+)$/.exec(script) ?? [];
  return program === undefined || name === 'start' ? [] : [[name, program] as const];
});

/** The first word of commands that work on a file. */
const FILES: Readonly<Record<string, readonly string[]>> = {
  backup: ['no-such-file'],
  restore: ['no-such-file'],
};

interface Ended {
  readonly code: unknown;
  readonly stdout: string;
  readonly stderr: string;
}

function run(program: string, ...args: readonly string[]): Promise<Ended> {
  return new Promise((resolve) => {
    execFile(
      process.execPath,
      [program, ...args],
      { cwd: ROOT, env: { PATH: '/usr/bin:/bin' } },
      (error, stdout, stderr) => {
        resolve({ code: error?.code ?? 0, stdout, stderr });
      },
    );
  });
}

test('there are commands', () => {
  expect(COMMANDS.map(([name]) => name)).toEqual(
    expect.arrayContaining([
      'backup',
      'bench',
      'bundle',
      'dead-letters',
      'faults',
      'keys',
      'migrate',
      'restore',
      'stack',
    ]),
  );
});

test('the README names each command', () => {
  const page = readFileSync(join(ROOT, 'README.md'), 'utf8');
  const missing = COMMANDS.filter(([name]) => !new RegExp(`npm run ${name}\\b`).test(page));
  expect(missing).toEqual([]);
});

test.each(COMMANDS)(
  '%s refuses unknown options and words with its usage and exit code 2, and does nothing',
  async (name, program) => {
    for (const [words, reason] of [
      [['--no-such-option'], 'There is no option --no-such-option.'],
      [[...(FILES[name] ?? []), 'no-such-word'], 'no-such-word'],
    ] as const) {
      const { code, stdout, stderr } = await run(program, ...words);
      expect([code, stdout]).toEqual([2, '']);
      expect(stderr.split('\n')[0]).toContain(reason);
      expect(stderr).toContain(`npm run ${name === 'stack' ? '--silent stack' : name}`);
    }
  },
);

test.each(COMMANDS)('%s --help shows its usage', async (_name, program) => {
  const { code, stdout, stderr } = await run(program, '--help');
  expect([code, stderr]).toEqual([0, '']);
  expect(stdout).toContain('npm run ');
});
