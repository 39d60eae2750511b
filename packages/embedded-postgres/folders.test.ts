import { chmodSync, existsSync, mkdirSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { describe, expect, test } from 'vitest';
import { clusterIn } from './folder.ts';
import {
  NOTES,
  openTestFolder,
  query,
  startTestServer,
  useMadeDatabase,
  withPassword,
  WRITTEN,
} from './test-folder.ts';

const copy = useMadeDatabase();

describe('a folder', () => {
  test('keeps its database under any path', async () => {
    const names = ['with space', `quote'"`, '%41', '\\', 'ünï☃', '$HOME', 'x'.repeat(80)];
    const directory = join(openTestFolder(), ...names, 'postgres');
    const first = await startTestServer(directory);
    await query(first.url, 'create table notes as select 1 as number');
    await first.stop();
    const second = await startTestServer(relative(process.cwd(), directory));
    expect(await query(second.url, NOTES)).toEqual(WRITTEN);
    await second.stop();
    const ofTheLock = new Set(['lock', 'lock-journal', 'pid']);
    expect(readdirSync(directory).filter((name) => !ofTheLock.has(name))).toEqual(['cluster', 'password']);
  });

  test('is refused where its path has a line break, and is not made', async () => {
    const directory = join(openTestFolder(), 'a\nb', 'postgres');
    await expect(startTestServer(directory)).rejects.toThrow(
      /^The database cannot lie in ".*a\\nb\/postgres"/,
    );
    expect(existsSync(directory)).toBe(false);
  });

  test.each(['cluster', 'slot-0'])('is refused within a data folder of Terse, which has %s', async (name) => {
    const folder = openTestFolder();
    mkdirSync(join(folder, name));
    await expect(startTestServer(join(folder, 'postgres'))).rejects.toThrow(
      `${folder} belongs to a data folder of Terse. Set DATA_DIR to the folder above it.`,
    );
    expect(readdirSync(folder)).toEqual([name]);
  });

  test('whose database was half made when the power failed gets a new one', async () => {
    const directory = join(openTestFolder(), 'postgres');
    const unfinished = join(directory, 'cluster.new');
    mkdirSync(join(unfinished, 'base'), { recursive: true });
    writeFileSync(join(unfinished, 'PG_VERSION'), '18\n');
    const { url } = await startTestServer(directory);
    expect(await query(url, 'select 1 as number')).toEqual(WRITTEN);
    expect(existsSync(unfinished)).toBe(false);
  });

  test.each([
    ['is missing', (password: string) => rmSync(password)],
    ['was copied in part', (password: string) => writeFileSync(password, 'half')],
  ])('whose password %s opens again, and stays closed to others', async (_, lose) => {
    const directory = copy();
    lose(join(directory, 'password'));
    const { url } = await startTestServer(directory);
    expect(await query(url, NOTES)).toEqual(WRITTEN);
    await expect(query(withPassword(url, 'guess'), NOTES)).rejects.toMatchObject({ code: '28P01' });
  });

  test('whose password is that of another database says which file to remove', async () => {
    const directory = copy();
    writeFileSync(join(directory, 'password'), 'x'.repeat(43));
    await expect(startTestServer(directory)).rejects.toThrow(
      `The password in ${directory} is that of another database. Remove the file password`,
    );
    rmSync(join(directory, 'password'));
    expect(await query((await startTestServer(directory)).url, NOTES)).toEqual(WRITTEN);
  });

  test('that others may read, as a copy often is, is closed to them', async () => {
    const directory = copy();
    chmodSync(clusterIn(directory), 0o755);
    const { url } = await startTestServer(directory);
    expect(await query(url, NOTES)).toEqual(WRITTEN);
    expect(statSync(clusterIn(directory)).mode & 0o077).toBe(0);
  });
});
