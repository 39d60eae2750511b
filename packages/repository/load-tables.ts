import { pipeline } from 'node:stream/promises';
import { type Kysely, sql } from 'kysely';
import { BackupError, type BackupTable, type BackupTrailer, damaged, parseSection } from './backup-format.ts';
import type { BackupReader } from './backup-reader.ts';
import type { CopyTransaction } from './open-database.ts';
import type { Database } from './schema.ts';
import { isOutOfMemory } from './sql-state.ts';
import { ensurePartitions } from './visit-partitions.ts';

/**
 * Puts the rows of a backup into its tables, and reads the backup to its end.
 * @returns the number of rows by table.
 * @throws BackupError when a table or column is missing, or when the numbers of rows differ from those of the backup.
 */
export async function loadTables(
  load: CopyTransaction,
  reader: BackupReader,
): Promise<BackupTrailer['rows']> {
  const loaded = new Map<string, number>();
  for (;;) {
    const section = parseSection(await reader.line());
    if ('rows' in section) {
      await reader.end();
      refuseDifferences(loaded, section);
      return section.rows;
    }
    const { table } = section;
    if (loaded.has(table)) throw damaged(`it has ${table} twice`);
    await loadTable(load, section, reader.rows());
    loaded.set(table, await countRows(load.db, table));
  }
}

async function loadTable(
  { db, write }: CopyTransaction,
  { table, columns, days = [] }: BackupTable,
  rows: AsyncIterable<Buffer>,
): Promise<void> {
  const known = await columnsOf(db, table);
  const unknown = columns.find((column) => !known.has(column));
  if (unknown !== undefined) throw damaged(`there is no ${table}.${unknown}`);
  await ensurePartitions(db, days).catch((error: unknown) => {
    throw isOutOfMemory(causeOf(error)) ? tooFewLocks(days.length, error) : error;
  });
  // The backup also has the rows that triggers would write.
  await sql`alter table ${sql.table(table)} disable trigger user`.execute(db);
  await pipeline(rows, await write(`copy ${quoted(table)} (${columns.map(quoted).join(', ')}) from stdin`));
  await sql`alter table ${sql.table(table)} enable trigger user`.execute(db);
  for (const [column, isIdentity] of known) if (isIdentity) await setIdentity(db, table, column);
}

function causeOf(error: unknown): unknown {
  return error instanceof Error ? error.cause : undefined;
}

function tooFewLocks(days: number, cause: unknown): BackupError {
  return new BackupError(
    `The server has too few locks for the ${days} days that visits have: raise its max_locks_per_transaction.`,
    { cause },
  );
}

/** The columns of a table, and whether the server numbers them. */
async function columnsOf(db: Kysely<Database>, table: string): Promise<ReadonlyMap<string, boolean>> {
  const { rows } = await sql<{ name: string; is_identity: boolean }>`
    select attname as name, attidentity <> '' as is_identity
    from pg_class join pg_attribute on attrelid = pg_class.oid
    where relnamespace = current_schema()::regnamespace and relname = ${table}
      and relkind in ('r', 'p') and not relispartition and attnum > 0 and not attisdropped
  `.execute(db);
  return new Map(rows.map(({ name, is_identity }) => [name, is_identity]));
}

/** Continues the numbers of a column after the highest. */
async function setIdentity(db: Kysely<Database>, table: string, column: string): Promise<void> {
  await sql`
    select setval(pg_get_serial_sequence(${quoted(table)}, ${column}), greatest(last, 1), coalesce(last, 0) > 0)
    from (select max(${sql.id(column)}) as last from ${sql.table(table)}) as numbers
  `.execute(db);
}

async function countRows(db: Kysely<Database>, table: string): Promise<number> {
  const { rows } = await sql<{ count: number }>`select count(*) from ${sql.table(table)}`.execute(db);
  return rows[0]?.count ?? 0;
}

function refuseDifferences(loaded: ReadonlyMap<string, number>, { rows }: BackupTrailer): void {
  for (const table of new Set([...loaded.keys(), ...Object.keys(rows)])) {
    const [has, is] = [loaded.get(table), rows[table]];
    if (has !== is) throw damaged(`it has ${has ?? 0} rows of ${table} instead of ${is ?? 0}`);
  }
}

function quoted(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}
