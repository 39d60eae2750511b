import { readdirSync, readFileSync, renameSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, test } from 'vitest';
import { AT_START, type DataFolder, expectRefusal, makeDataFolder, SCRATCH } from './data-folder.ts';

let made: DataFolder;
beforeAll(async () => {
  made = await makeDataFolder();
});
afterAll(() => made.remove());

const inPostgres = (directory: string, ...names: string[]) => join(directory, 'postgres', ...names);
const inCluster = (directory: string, ...names: string[]) => inPostgres(directory, 'cluster', ...names);

/** Returns the current file of the write-ahead log. */
function walIn(directory: string): string {
  const name = readdirSync(inCluster(directory, 'pg_wal')).find(({ length }) => length === 24);
  return inCluster(directory, 'pg_wal', name ?? 'no log');
}

function overwrite(path: string, at: number, ...bytes: readonly number[]): void {
  const content = readFileSync(path);
  content.set(bytes, at);
  writeFileSync(path, content);
}

function empty(folder: string): void {
  for (const name of readdirSync(folder)) rmSync(join(folder, name), { recursive: true });
}

type Fault = (directory: string) => void;

describe('a start is refused in one line, and nothing is changed, when the folder', () => {
  test.each<[string, Fault, RegExp]>([
    [
      'has the WebAssembly database',
      (directory) => writeFileSync(inPostgres(directory, 'complete'), ''),
      /postgres holds a database that this version of Terse did not make\. Move the folder away, or set DATA_DIR/,
    ],
    [
      'has only the database of a WebAssembly build, which has 32 bits',
      (directory) => overwrite(inCluster(directory, 'global/pg_control'), 0xf8, 0),
      /cluster holds a database that this version of Terse did not make\./,
    ],
    [
      'has a pg_control full of garbage',
      (directory) =>
        overwrite(inCluster(directory, 'global/pg_control'), 0, ...Array.from({ length: 64 }, () => 7)),
      /cluster holds a database that this version of Terse did not make\./,
    ],
    [
      'has a database of another major version',
      (directory) => writeFileSync(inCluster(directory, 'PG_VERSION'), '17\n'),
      /cluster is of PostgreSQL 17, and this version of Terse brings PostgreSQL 18\. Take a backup/,
    ],
    [
      'is the data folder of a PostgreSQL server',
      (directory) => writeFileSync(join(directory, 'PG_VERSION'), '18\n'),
      /data holds a database that this version of Terse did not make\./,
    ],
    [
      'has a database of PostgreSQL in the place of the database of Terse',
      (directory) => {
        for (const name of readdirSync(inCluster(directory))) {
          renameSync(inCluster(directory, name), inPostgres(directory, name));
        }
        rmSync(inCluster(directory), { recursive: true });
      },
      /postgres holds a database that this version of Terse did not make\./,
    ],
    [
      'has files of another program',
      (directory) => writeFileSync(inPostgres(directory, 'ibdata1'), 'x'),
      /postgres holds ibdata1, which is not of Terse\. Set DATA_DIR to another folder\.$/,
    ],
    [
      'is a file',
      (directory) => {
        rmSync(inPostgres(directory), { recursive: true });
        writeFileSync(inPostgres(directory), 'x');
      },
      /^\S+postgres is not a folder\.$/,
    ],
    [
      'has half of pg_control',
      (directory) => truncateSync(inCluster(directory, 'global/pg_control'), 4096),
      /is not whole: a part of global\/pg_control is missing\./,
    ],
  ])('%s', async (_, fault, line) => {
    const directory = made.copy();
    fault(directory);
    await expectRefusal(directory, line);
  });

  test.each([
    'PG_VERSION',
    'base',
    'global',
    'global/pg_control',
    'pg_wal',
    'pg_xact',
    'pg_multixact/offsets',
    'pg_notify',
    'pg_hba.conf',
    'postgresql.conf',
    'base/1',
    'base/4',
    'base/5',
    'base/5/PG_VERSION',
    'base/5/pg_filenode.map',
  ])('was copied without %s', async (name) => {
    const directory = made.copy();
    rmSync(inCluster(directory, name), { recursive: true });
    await expectRefusal(
      directory,
      `The database in ${inCluster(directory)} is not whole: ${name} is missing. ` +
        'Copy it anew, or restore a backup into another DATA_DIR.',
    );
  });

  test.each<[string, Fault, RegExp]>([
    [
      'was copied without its last write-ahead log',
      (directory) => rmSync(walIn(directory)),
      /cluster is not whole: pg_wal\/[0-9A-F]{24} is missing\. Copy it anew, or restore a backup/,
    ],
    [
      'was copied with an empty pg_wal',
      (directory) => empty(inCluster(directory, 'pg_wal')),
      /cluster is not whole: pg_wal\/[0-9A-F]{24} is missing\. Copy it anew, or restore a backup/,
    ],
    [
      'was copied with an empty base',
      (directory) => empty(inCluster(directory, 'base')),
      /cluster is not whole: base\/1 is missing\. Copy it anew, or restore a backup/,
    ],
    [
      'was copied without the file of committed transactions',
      (directory) => rmSync(inCluster(directory, 'pg_xact/0000')),
      /cluster is not whole: what pg_xact holds is missing\. Copy it anew, or restore a backup/,
    ],
    [
      'was copied without the file of pg_class',
      (directory) => rmSync(inCluster(directory, made.fileOf('pg_class'))),
      /cluster is not whole: base\/5\/\d+ is missing\. Copy it anew, or restore a backup/,
    ],
    [
      'was copied without the file of pg_authid',
      (directory) => rmSync(inCluster(directory, made.fileOf('pg_authid'))),
      /cluster is not whole: global\/\d+ is missing\. Copy it anew, or restore a backup/,
    ],
    [
      'has half of the map of its files',
      (directory) => truncateSync(inCluster(directory, 'base/5/pg_filenode.map'), 262),
      /cluster is not whole: a part of base\/5\/pg_filenode\.map is missing\. Copy it anew, or restore a backup/,
    ],
  ])('%s', async (_, fault, line) => {
    const directory = made.copy();
    fault(directory);
    await expectRefusal(directory, line);
  });

  test.each<[string, Fault, RegExp]>([
    [
      'has a write-ahead log full of garbage',
      (directory) => writeFileSync(walIn(directory), Buffer.alloc(1 << 24, 7)),
      /postgres is damaged: could not locate a valid checkpoint record at .*\. Copy it anew, or restore a backup/,
    ],
    [
      'has a flipped bit in pg_control',
      (directory) => overwrite(inCluster(directory, 'global/pg_control'), 0x20, 7),
      /postgres is damaged: incorrect checksum in control file\. Copy it anew, or restore a backup/,
    ],
    [
      'has an empty file of committed transactions',
      (directory) => truncateSync(inCluster(directory, 'pg_xact/0000'), 0),
      /postgres is damaged: could not access status of transaction \d+\. Copy it anew, or restore a backup/,
    ],
  ])('%s, as PostgreSQL finds', async (_, fault, line) => {
    const directory = made.copy();
    fault(directory);
    await expectRefusal(directory, line, { but: [SCRATCH] });
  });

  test.each<[string, RegExp]>([
    ['links', /postgres is not whole: the file of links is missing\./],
    ['links_pkey', /postgres is not whole: the file of links_pkey is missing\./],
    ['pg_index', /postgres is not whole: base\/5\/\d+ is missing\. Copy it anew, or restore a backup/],
    ['pg_namespace', /postgres is not whole: base\/5\/\d+ is missing\. Copy it anew, or restore a backup/],
  ])('was copied without the file of %s, as a check of all tables finds', async (relation, line) => {
    const directory = made.copy();
    rmSync(inCluster(directory, made.fileOf(relation)));
    await expectRefusal(directory, line, { but: [SCRATCH, AT_START] });
  });
});
