import { execFileSync } from 'node:child_process';
import { chmodSync, chownSync, mkdirSync, readdirSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { canBecomeOthers, canMount } from '../harness/processes/root-rights.ts';
import { type DataFolder, expectRefusal, makeDataFolder, openFolder } from './data-folder.ts';

const isRoot = process.getuid?.() === 0;
const NOBODY = 65_534;

let made: DataFolder;
beforeAll(async () => {
  made = await makeDataFolder();
});
afterAll(() => made.remove());

const inPostgres = (directory: string, ...names: string[]) => join(directory, 'postgres', ...names);

describe.runIf(!isRoot || canBecomeOthers)(
  'a start is refused in one line, and nothing is changed, when its user',
  () => {
    /** Runs the product as a user to whom file modes apply. */
    const by = isRoot ? ['/usr/bin/setpriv', `--reuid=${NOBODY}`, `--regid=${NOBODY}`, '--clear-groups'] : [];

    function give(directory: string): void {
      if (!isRoot) return;
      chownSync(directory, NOBODY, NOBODY);
      for (const entry of readdirSync(directory, { recursive: true, withFileTypes: true })) {
        chownSync(join(entry.parentPath, entry.name), NOBODY, NOBODY);
      }
    }

    test('may not write the folder', async () => {
      const directory = openFolder();
      give(directory);
      chmodSync(directory, 0o555);
      await expectRefusal(
        directory,
        /^The folder .*postgres cannot be made: the user \S+ has no permission$/,
        {
          by,
        },
      );
    });

    test.runIf(isRoot)('may not enter a folder above it', async () => {
      const above = openFolder();
      const directory = join(above, 'data');
      mkdirSync(directory);
      chmodSync(above, 0o700);
      await expectRefusal(
        directory,
        /^The folder .*data(\/postgres)? cannot be reached: the user \S+ has no permission$/,
        { by },
      );
    });

    test('may not write the folders in it', async () => {
      const directory = made.copy();
      give(directory);
      rmSync(inPostgres(directory, 'lock'));
      chmodSync(inPostgres(directory), 0o555);
      await expectRefusal(
        directory,
        /^The folder .*postgres cannot be written: the user \S+ has no permission$/,
        {
          by,
        },
      );
    });

    test.runIf(isRoot)('may not read the files in it, which root has created', async () => {
      const directory = made.copy();
      chmodSync(directory, 0o755);
      chmodSync(inPostgres(directory), 0o755);
      await expectRefusal(
        directory,
        /^The folder .*cluster cannot be read: the user \S+ has no permission$/,
        {
          by,
        },
      );
    });
  },
);

describe.runIf(canMount())('a start is refused in one line, and nothing is changed, when the disk', () => {
  function mount(directory: string, ...words: string[]): void {
    mkdirSync(directory, { recursive: true });
    execFileSync('mount', [...words, directory]);
    onTestFinished(() => {
      execFileSync('umount', [directory]);
    });
  }

  test.each([
    [
      'empty',
      () => join(openFolder(), 'data'),
      /^The folder .*postgres cannot be made: its file system is read-only$/,
    ],
    ['holding a database', () => made.copy(), /^The folder .* cannot be \w+: its file system is read-only$/],
  ])('is read-only, %s', async (_, open, line) => {
    const directory = open();
    mount(directory, '--bind', directory);
    execFileSync('mount', ['-o', 'remount,ro,bind', directory]);
    await expectRefusal(directory, line);
  });

  test('has too little room for a database, and nothing of it is left', async () => {
    const directory = join(openFolder(), 'data');
    mount(directory, '-t', 'tmpfs', '-o', 'size=4m,mode=711', 'tmpfs');
    await expectRefusal(
      directory,
      /^No database can be made in .*cluster.new: could not .*No space left on device$/,
    );
    expect(readdirSync(directory)).toEqual([]);
  });

  test('is full', async () => {
    const directory = join(openFolder(), 'data');
    mount(directory, '-t', 'tmpfs', '-o', 'size=100m,mode=711', 'tmpfs');
    execFileSync('cp', ['-a', `${made.copy()}/.`, directory]);
    const { bavail, bsize } = statfsSync(directory);
    writeFileSync(join(directory, 'more'), Buffer.alloc(bavail * bsize, 7));
    await expectRefusal(directory, /^The folder .* cannot be \w+: the disk is full$/);
    expect(statfsSync(directory).bavail).toBe(0);
  });
});
