import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { migrate } from './migrate.ts';
import { openPglite } from './pglite.ts';
import { describeRepositories } from './repositories.contract.ts';
import { openTestDatabase } from './test-database.ts';

describe('on the embedded PostgreSQL', () => {
  const database = describeRepositories(openTestDatabase);

  test('migrating again changes nothing', async () => {
    expect(await migrate(database().db)).toEqual([]);
  });
});

describe('a folder of the embedded PostgreSQL', () => {
  let directory: string;
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'terse-pglite-'));
  });
  afterEach(() => rm(directory, { recursive: true }));

  test('keeps what was written when it is opened again', async () => {
    const first = await openPglite(directory);
    await migrate(first.db);
    await first.db.insertInto('counter_batches').values({ id: 'kept', applied_at: new Date() }).execute();
    await first.close();
    const second = await openPglite(directory);
    expect(await second.db.selectFrom('counter_batches').select('id').execute()).toEqual([{ id: 'kept' }]);
    await second.close();
  });

  test('is named when what lies in it is no database', async () => {
    await writeFile(join(directory, 'cluster'), '');
    await writeFile(join(directory, 'complete'), '');
    await expect(openPglite(directory)).rejects.toThrow(
      `The embedded database in ${directory} cannot be opened.`,
    );
  });

  test('that a killed process left half made is made anew', async () => {
    await mkdir(join(directory, 'cluster'));
    await writeFile(join(directory, 'cluster', 'PG_VERSION'), '18');
    const database = await openPglite(directory);
    expect(await migrate(database.db)).not.toEqual([]);
    await database.close();
  });

  test('belongs to one process, and is free when that one is gone', async () => {
    const owner = await openPglite(directory);
    const program = `
      import { lockDirectory } from ${JSON.stringify(new URL('../files/directory-lock.ts', import.meta.url).href)};
      lockDirectory(${JSON.stringify(directory)});
    `;
    const lockElsewhere = () =>
      promisify(execFile)(process.execPath, ['--input-type=module', '--eval', program], { timeout: 10_000 });
    await expect(lockElsewhere()).rejects.toThrow(`is in use by another process (pid ${process.pid})`);
    await owner.close();
    await expect(lockElsewhere()).resolves.toBeDefined();
    const next = await openPglite(directory);
    await next.close();
  });
});
