import { chmodSync, mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { lockDirectory, tryLockDirectory } from './directory-lock.ts';
import { makeDirectory } from './make-directory.ts';

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'terse-files-'));
});
afterEach(() => {
  rmSync(directory, { recursive: true });
});

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

test('leaves a folder that is there as it is', () => {
  mkdirSync(join(directory, 'own'));
  chmodSync(join(directory, 'own'), 0o750);
  makeDirectory(join(directory, 'own'));
  expect(modeOf('own')).toBe(0o750);
});

describe('names at once a folder that cannot be made:', () => {
  test.each([
    ['below /proc, which denies that it is there', '/proc/terse/journal', '/proc/terse cannot be made'],
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

describe('a lock', () => {
  test('is for one at a time', () => {
    const lock = tryLockDirectory(directory);
    expect(tryLockDirectory(directory)).toBeUndefined();
    expect(() => lockDirectory(directory)).toThrow(`(pid ${process.pid})`);
    lock?.unlock();
    lockDirectory(directory).unlock();
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

  test('knows when its file was removed, though the folder is there', () => {
    const lock = lockDirectory(directory);
    rmSync(join(directory, 'lock'));
    expect(lock.isIntact()).toBe(false);
    lock.unlock();
  });
});
