import { DEFAULT_MIGRATION_LOCK_TABLE, DEFAULT_MIGRATION_TABLE, sql, type Transaction } from 'kysely';
import { BackupError } from './backup-format.ts';
import { LOCK_WAIT, tellLocked } from './lock-wait.ts';
import { appliedMigrations, newerMigration, newerReleaseText } from './migrate.ts';
import type { Database } from './schema.ts';
import { CONTENT_TABLES, FUNCTION_NAMES, TABLE_NAMES } from './tables.ts';

/**
 * Locks all tables for this transaction, and empties or drops them, so that the given migrations can follow.
 * @throws BackupError when there is any content, or tables of a newer release.
 */
export async function clearEmptyPlace(
  transaction: Transaction<Database>,
  migrations: readonly string[],
): Promise<void> {
  const applied = await appliedMigrations(transaction);
  const newer = newerMigration(applied);
  if (newer !== undefined) throw new BackupError(newerReleaseText(newer));
  const tables = await existing(transaction);
  if (tables.length === 0) return;
  await sql`set local lock_timeout = ${sql.lit(LOCK_WAIT)}`.execute(transaction);
  await sql`lock table ${namesOf(tables)} in access exclusive mode`.execute(transaction).catch(tellLocked);
  await refuseContent(
    transaction,
    CONTENT_TABLES.filter((name) => tables.includes(name)),
  );
  const isOlder = applied.every((name) => migrations.includes(name));
  await (isOlder ? truncate(transaction, tables) : dropSchema(transaction));
}

async function existing(transaction: Transaction<Database>): Promise<(keyof Database)[]> {
  const { rows } = await sql<{ name: keyof Database }>`
    select name from unnest(${[...TABLE_NAMES]}::text[]) as name where to_regclass(quote_ident(name)) is not null
  `.execute(transaction);
  return rows.map(({ name }) => name);
}

async function refuseContent(
  transaction: Transaction<Database>,
  tables: readonly (keyof Database)[],
): Promise<void> {
  const full: string[] = [];
  for (const name of tables) {
    const { rows } = await sql`select from ${sql.table(name)} limit 1`.execute(transaction);
    if (rows.length > 0) full.push(name);
  }
  if (full.length > 0) {
    throw new BackupError(
      `A backup is restored into an empty database only, and this one has ${full.join(', ')}. ` +
        'Name another one by DATA_DIR or DATABASE_URL.',
    );
  }
}

async function truncate(
  transaction: Transaction<Database>,
  tables: readonly (keyof Database)[],
): Promise<void> {
  await sql`truncate ${namesOf(tables)}`.execute(transaction);
}

/** Migrations cannot be undone, and the tables have no content to lose. */
async function dropSchema(transaction: Transaction<Database>): Promise<void> {
  const tables = [...TABLE_NAMES, DEFAULT_MIGRATION_TABLE, DEFAULT_MIGRATION_LOCK_TABLE];
  await sql`drop table if exists ${namesOf(tables)}`.execute(transaction);
  await sql`drop function if exists ${namesOf(FUNCTION_NAMES)}`.execute(transaction);
}

function namesOf(names: readonly string[]) {
  return sql.join(names.map((name) => sql.id(name)));
}
