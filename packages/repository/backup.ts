import type { Readable, Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import { type Kysely, sql } from 'kysely';
import {
  BackupError,
  type BackupHeader,
  type BackupTable,
  type BackupTrailer,
  END_OF_ROWS,
  FORMAT,
  VERSION,
} from './backup-format.ts';
import { LOCK_WAIT, tellLocked } from './lock-wait.ts';
import { appliedMigrations, MIGRATIONS, newerMigration, newerReleaseText } from './migrate.ts';
import type { CopyTransaction, OpenDatabase } from './open-database.ts';
import { shareMigrationLock } from './postgres-dialect.ts';
import type { Database } from './schema.ts';
import { TABLE_NAMES } from './tables.ts';
import { holdPartitions, partitionDays } from './visit-partitions.ts';

const NEWLINE = 0x0a;

export interface Contents extends BackupTrailer {
  /** The moment that the backup shows, RFC 3339. */
  readonly takenAt: string;
}

/**
 * Writes every row of one moment, while others go on writing. It holds no more than a chunk in memory.
 * @param signal stops the backup.
 * @throws BackupError when the database has no tables, or those of another release.
 */
export async function writeBackup(
  database: OpenDatabase,
  destination: Writable,
  signal?: AbortSignal,
): Promise<Contents> {
  // This transaction begins before the snapshot, which then has the rows that the locks waited for.
  return database.db.transaction().execute(async (guard) => {
    await shareMigrationLock(guard);
    await holdPartitions(guard);
    const migrations = await appliedMigrations(guard);
    refuseOther(migrations);
    return database.copy('snapshot', async (snapshot) => {
      const header = await begin(snapshot.db, migrations);
      const rows: Record<string, number> = {};
      const text = textOf(snapshot, header, rows);
      await pipeline(text, createGzip(), destination, { ...(signal && { signal }) }).catch(
        (error: unknown) => {
          throw signal?.aborted ? signal.reason : error;
        },
      );
      return { takenAt: header.taken_at, rows };
    });
  });
}

function refuseOther(migrations: readonly string[]): void {
  const missing = MIGRATIONS.find((name) => !migrations.includes(name));
  const newer = newerMigration(migrations);
  if (migrations.length === 0) {
    throw new BackupError(
      'There is nothing to back up: the database has no tables. Name another one by DATA_DIR or DATABASE_URL.',
    );
  }
  if (newer !== undefined) throw new BackupError(newerReleaseText(newer));
  if (missing !== undefined) {
    throw new BackupError(
      `The database is of an older release, which lacks the migration ${missing}. ` +
        'Run npm start, or npm run migrate on DATABASE_URL.',
    );
  }
}

async function begin(db: Kysely<Database>, migrations: readonly string[]): Promise<BackupHeader> {
  const tables = sql.join(TABLE_NAMES.map((name) => sql.table(name)));
  await sql`set local lock_timeout = ${sql.lit(LOCK_WAIT)}`.execute(db);
  // The first query takes the snapshot. The locks come before it: no table is emptied or rewritten in between.
  await sql`lock table ${tables} in access share mode`.execute(db).catch(tellLocked);
  await sql`set local datestyle = 'ISO, YMD'`.execute(db);
  const { rows } = await sql<{ taken_at: string; postgres: string }>`
    select to_char(now() at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as taken_at,
      current_setting('server_version') as postgres
  `.execute(db);
  const [moment] = rows;
  if (!moment) throw new Error('The server did not tell the time.');
  return { format: FORMAT, version: VERSION, migrations, ...moment };
}

async function* textOf(
  { db, read }: CopyTransaction,
  header: BackupHeader,
  rows: Record<string, number>,
): AsyncGenerator<string | Buffer> {
  yield lineOf(header);
  for (const table of TABLE_NAMES) {
    const columns = await columnsOf(db, table);
    yield lineOf({ table, columns, ...(table === 'visits' && { days: await partitionDays(db) }) });
    const list = columns.map((column) => `"${column}"`).join(', ');
    const text = await read(`copy (select ${list} from "${table}") to stdout`);
    let count = 0;
    for await (const chunk of chunksOf(text)) {
      count += linesIn(chunk);
      yield chunk;
    }
    rows[table] = count;
    yield END_OF_ROWS;
  }
  yield lineOf({ rows });
}

function lineOf(value: BackupHeader | BackupTable | BackupTrailer): string {
  return `${JSON.stringify(value)}\n`;
}

async function columnsOf(db: Kysely<Database>, table: string): Promise<string[]> {
  const { rows } = await sql<{ name: string }>`
    select attname as name from pg_attribute
    where attrelid = ${table}::regclass and attnum > 0 and not attisdropped and attgenerated = '' order by attnum
  `.execute(db);
  return rows.map(({ name }) => name);
}

/** COPY sends bytes. */
function chunksOf(text: Readable): AsyncIterable<Buffer> {
  return text;
}

function linesIn(chunk: Buffer): number {
  let lines = 0;
  for (let at = chunk.indexOf(NEWLINE); at !== -1; at = chunk.indexOf(NEWLINE, at + 1)) lines++;
  return lines;
}
