import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { writeWholeFile } from './whole-file.ts';

let directory: string;
let file: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'terse-files-'));
  file = join(directory, 'whole');
});
afterEach(() => {
  rmSync(directory, { recursive: true });
});

const write = (text: string) => (into: Writable) => pipeline([text], into);

test('writes a file that nobody else can read, and leaves nothing beside it', async () => {
  const umask = process.umask(0);
  try {
    await writeWholeFile(file, false, write('new'));
  } finally {
    process.umask(umask);
  }
  expect(readFileSync(file, 'utf8')).toBe('new');
  expect(statSync(file).mode & 0o777).toBe(0o600);
  expect(readdirSync(directory)).toEqual(['whole']);
});

test('gives the file its name only when all is written', async () => {
  writeFileSync(file, 'old');
  await writeWholeFile(file, true, async (into) => {
    await pipeline(['new'], into);
    expect(readFileSync(file, 'utf8')).toBe('old');
  });
  expect(readFileSync(file, 'utf8')).toBe('new');
});

test('leaves the old file when the writing fails', async () => {
  writeFileSync(file, 'old');
  const failing = writeWholeFile(file, true, async (into) => {
    await pipeline(['half'], into);
    throw new Error('no more');
  });
  await expect(failing).rejects.toThrow('no more');
  expect(readFileSync(file, 'utf8')).toBe('old');
  expect(readdirSync(directory)).toEqual(['whole']);
});

test('replaces a file only when it may, and never anything else', async () => {
  writeFileSync(file, 'old');
  await expect(writeWholeFile(file, false, write('new'))).rejects.toThrow('already exists');
  mkdirSync(join(directory, 'folder'));
  await expect(writeWholeFile(join(directory, 'folder'), true, write('new'))).rejects.toThrow(
    'is not a file',
  );
  await expect(writeWholeFile('/dev/null', true, write('new'))).rejects.toThrow('is not a file');
  expect(readFileSync(file, 'utf8')).toBe('old');
});

test('replaces no file that appeared while it wrote', async () => {
  const late = writeWholeFile(file, false, async (into) => {
    await pipeline(['new'], into);
    writeFileSync(file, 'other');
  });
  await expect(late).rejects.toThrow('already exists');
  expect(readFileSync(file, 'utf8')).toBe('other');
});

test('ignores the file that a killed process of the same id left', async () => {
  let left: string[] = [];
  const killed = writeWholeFile(file, false, () => {
    left = readdirSync(directory);
    return Promise.reject(new Error('killed'));
  });
  await expect(killed).rejects.toThrow('killed');
  for (const name of left) writeFileSync(join(directory, name), 'half');
  await writeWholeFile(file, false, write('new'));
  expect(readFileSync(file, 'utf8')).toBe('new');
  expect(left).toHaveLength(1);
});

test('names the file that cannot be made', async () => {
  const nowhere = join(directory, 'missing', 'whole');
  await expect(writeWholeFile(nowhere, false, write('new'))).rejects.toThrow(
    `${nowhere} cannot be written (ENOENT).`,
  );
});
