import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { lockDirectory, tryLockDirectory } from './directory-lock.ts';
import { makeDirectory, refuseUnusableFolder, removeEmpty } from './make-directory.ts';

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'terse-files-'));
});
afterEach(() => {
  rmSync(directory, { recursive: true });
});

function messageOf(work: () => unknown): string | undefined {
  try {
    work();
    return undefined;
  } catch (error) {
    return (error as Error).message;
  }
}

const modeOf = (...path: string[]) => statSync(join(directory, ...path)).mode & 0o777;

test('makes folders and files that nobody else can read, whatever the umask', () => {
  const umask = process.umask(0);
  try {
    const lock = lockDirectory(join(directory, 'a', 'b'));
    expect(modeOf('a')).toBe(0o700);
    expect(modeOf('a', 'b')).toBe(0o700);
    expect(modeOf('a', 'b', 'lock')).toBe(0o600);
    expect(modeOf('a', 'b', 'pid')).toBe(0o600);
    lock.unlock();
  } finally {
    process.umask(umask);
  }
});

test('leaves an existing folder as it is', () => {
  mkdirSync(join(directory, 'own'));
  chmodSync(join(directory, 'own'), 0o750);
  makeDirectory(join(directory, 'own'));
  expect(modeOf('own')).toBe(0o750);
});

describe('names at once a folder that cannot be made:', () => {
  test.each([
    [
      'below /proc, which says that it does not exist',
      '/proc/terse/journal',
      'The folder /proc/terse cannot be made',
    ],
    ['below a device', '/dev/null/journal', '/dev/null is not a folder'],
    ['a device', '/dev/null', '/dev/null is not a folder'],
  ])('%s', (_name, path, message) => {
    expect(() => makeDirectory(path)).toThrow(message);
    expect(() => tryLockDirectory(path)).toThrow(message);
  });

  test('below a file', () => {
    writeFileSync(join(directory, 'file'), '');
    expect(() => makeDirectory(join(directory, 'file', 'x'))).toThrow('file is not a folder');
  });

  test.each([[], ['x']])('a link that leads nowhere, or below it: %j', (...below) => {
    const link = join(directory, 'link');
    symlinkSync(join(directory, 'gone'), link);
    expect(() => makeDirectory(join(link, ...below))).toThrow(
      `${link} is a link to ${join(directory, 'gone')}, which is not there.`,
    );
    expect(readdirSync(directory)).toEqual(['link']);
  });

  test('a link to itself', () => {
    const link = join(directory, 'link');
    symlinkSync(link, link);
    expect(() => makeDirectory(link)).toThrow(
      expect.objectContaining({
        message: `The folder ${link} cannot be reached.`,
        cause: new Error('its links lead in a circle'),
      }) as Error,
    );
  });

  test('a name that is too long', () => {
    const name = join(directory, 'a', 'x'.repeat(300));
    expect(() => makeDirectory(name)).toThrow(
      expect.objectContaining({ cause: new Error('its path is too long') }) as Error,
    );
    expect(readdirSync(directory)).toEqual([]);
  });

  test('a folder of the system that takes no files', () => {
    expect(() => tryLockDirectory('/proc/self')).toThrow('The folder /proc/self cannot be written.');
  });

  test.skipIf(process.getuid?.() === 0)('without permission', () => {
    chmodSync(directory, 0o500);
    expect(() => makeDirectory(join(directory, 'x'))).toThrow('x cannot be made');
    expect(() => tryLockDirectory(directory)).toThrow('cannot be written');
    chmodSync(directory, 0o700);
  });
});

test('finds beforehand why a folder cannot be made, and makes none', () => {
  fc.assert(
    fc.property(
      fc.array(fc.constantFrom('own', 'file', 'new', 'gone', 'x'.repeat(300)), { maxLength: 4 }),
      (names) => {
        const root = mkdtempSync(join(directory, 'root-'));
        mkdirSync(join(root, 'own'));
        writeFileSync(join(root, 'file'), '');
        symlinkSync('nowhere', join(root, 'gone'));
        const path = join(root, ...names);
        const before = readdirSync(root, { recursive: true });
        const found = messageOf(() => refuseUnusableFolder(path));
        expect(readdirSync(root, { recursive: true })).toEqual(before);
        const met = messageOf(() => makeDirectory(path));
        expect(found).toBe(met);
        const after = readdirSync(root, { recursive: true });
        // No parent of a folder that cannot be made stays.
        expect(met === undefined ? statSync(path).isDirectory() : isDeepStrictEqual(after, before)).toBe(
          true,
        );
      },
    ),
    { numRuns: 200 },
  );
});

test('returns the folders that it made, the outermost first, and removes the empty ones', () => {
  mkdirSync(join(directory, 'a'));
  const made = makeDirectory(join(directory, 'a', 'b', 'c'));
  expect(made).toEqual([join(directory, 'a', 'b'), join(directory, 'a', 'b', 'c')]);
  expect(makeDirectory(join(directory, 'a', 'b', 'c'))).toEqual([]);
  writeFileSync(join(directory, 'a', 'b', 'file'), '');
  removeEmpty(made);
  expect(readdirSync(join(directory, 'a', 'b'))).toEqual(['file']);
});

describe('a lock', () => {
  test('is for one at a time', () => {
    const lock = tryLockDirectory(directory);
    expect(tryLockDirectory(directory)).toBeUndefined();
    expect(() => lockDirectory(directory)).toThrow(`(pid ${process.pid})`);
    lock?.unlock();
    lockDirectory(directory).unlock();
  });

  test('leaves nothing in a folder that was not used', () => {
    const lock = lockDirectory(join(directory, 'own'));
    lock.remove();
    expect(readdirSync(join(directory, 'own'))).toEqual([]);
    lockDirectory(join(directory, 'own')).unlock();
  });

  test('removes no file of the process that has the folder now', () => {
    const slot = join(directory, 'slot');
    const lock = lockDirectory(slot);
    rmSync(slot, { recursive: true });
    const next = lockDirectory(slot);
    lock.remove();
    expect(next.isIntact()).toBe(true);
    next.unlock();
  });

  test('knows whether its folder is still there, and still its own', () => {
    const slot = join(directory, 'slot');
    const lock = lockDirectory(slot);
    expect(lock.isIntact()).toBe(true);
    rmSync(slot, { recursive: true });
    expect(lock.isIntact()).toBe(false);
    // A new folder under the same name.
    lockDirectory(slot).unlock();
    expect(lock.isIntact()).toBe(false);
    lock.unlock();
  });

  test('knows when its file was removed from the folder', () => {
    const lock = lockDirectory(directory);
    rmSync(join(directory, 'lock'));
    expect(lock.isIntact()).toBe(false);
    lock.unlock();
  });
});
