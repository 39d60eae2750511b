import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { lockDirectory, tryLockDirectory } from './directory-lock.ts';

const MODULE = new URL('./directory-lock.ts', import.meta.url).href;

function openFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'terse-lock-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  return folder;
}

/** Locks a folder in another process. @returns its pid. */
async function lockElsewhere(folder: string): Promise<number | undefined> {
  const script = `
    const { lockDirectory } = await import(${JSON.stringify(MODULE)});
    globalThis.lock = lockDirectory(${JSON.stringify(folder)});
    process.stdout.write('locked');
    setInterval(() => {}, 1000);
  `;
  const child = spawn(process.execPath, ['--input-type=module', '-e', script]);
  onTestFinished(() => {
    child.kill('SIGKILL');
  });
  await once(child.stdout, 'data');
  return child.pid;
}

test('refuses a folder of another process with its pid, and leaves the files in it', async () => {
  const folder = openFolder();
  const pid = await lockElsewhere(folder);
  const before = readdirSync(folder);
  expect(tryLockDirectory(folder)).toBeUndefined();
  expect(() => lockDirectory(folder)).toThrow(`${folder} is in use by another process (pid ${pid}).`);
  expect(readdirSync(folder)).toEqual(before);
});

test('refuses a folder of a process on another host, such as a container, with the name of that host', async () => {
  const folder = openFolder();
  await lockElsewhere(folder);
  writeFileSync(join(folder, 'pid'), '1 d5a3f0c9e1b2');
  expect(() => lockDirectory(folder)).toThrow(
    `${folder} is in use by another process (pid 1 on d5a3f0c9e1b2).`,
  );
});

test('says that a path is too long for its lock', () => {
  const folder = join(openFolder(), ...Array.from({ length: 3 }, () => 'L'.repeat(200)));
  expect(() => tryLockDirectory(folder)).toThrow(`The path ${folder} is too long.`);
});

test('names a folder whose lock is no file', () => {
  const folder = openFolder();
  mkdirSync(join(folder, 'lock'));
  expect(() => tryLockDirectory(folder)).toThrow(`The folder ${folder} cannot be written.`);
});

const compiler = ['cc', 'gcc'].find((name) => spawnSync(name, ['--version']).status === 0);

test.skipIf(compiler === undefined)('says that a file system keeps no locks', () => {
  const folder = openFolder();
  const library = join(openFolder(), 'no-locks.so');
  // The answers of NFS without its lock daemon.
  const source = `
    #define _GNU_SOURCE
    #include <errno.h>
    #include <stdarg.h>
    #include <fcntl.h>
    #include <sys/syscall.h>
    #include <unistd.h>
    static int answer(int fd, int command, void *argument) {
      if (command == F_SETLK || command == F_SETLKW || command == F_GETLK) { errno = ENOLCK; return -1; }
      return syscall(SYS_fcntl, fd, command, argument);
    }
    int fcntl(int fd, int command, ...) {
      va_list list; va_start(list, command); void *argument = va_arg(list, void *); va_end(list);
      return answer(fd, command, argument);
    }
    int fcntl64(int fd, int command, ...) {
      va_list list; va_start(list, command); void *argument = va_arg(list, void *); va_end(list);
      return answer(fd, command, argument);
    }
  `;
  execFileSync(compiler ?? '', ['-shared', '-fPIC', '-x', 'c', '-o', library, '-'], { input: source });
  const script = `
    const { tryLockDirectory } = await import(${JSON.stringify(MODULE)});
    tryLockDirectory(${JSON.stringify(folder)});
  `;
  const { status, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', script], {
    env: { LD_PRELOAD: library },
    encoding: 'utf8',
  });
  expect(stderr).toContain(`Error: The folder ${folder} cannot be locked: its file system keeps no locks.`);
  expect(status).toBe(1);
  expect(readdirSync(folder)).toEqual([]);
});

test('an empty lock file, as a full disk leaves it, is no obstacle', () => {
  const folder = openFolder();
  writeFileSync(join(folder, 'lock'), '');
  writeFileSync(join(folder, 'pid'), '');
  const lock = lockDirectory(folder);
  expect(lock.isIntact()).toBe(true);
  lock.unlock();
});
