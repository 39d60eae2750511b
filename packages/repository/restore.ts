import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import type { Contents } from './backup.ts';
import { BackupError, type BackupHeader, damaged, foreign, parseHeader } from './backup-format.ts';
import { BackupReader } from './backup-reader.ts';
import { clearEmptyPlace } from './empty-place.ts';
import { loadTables } from './load-tables.ts';
import { lockMigrations, MIGRATIONS, migrateWithin } from './migrate.ts';
import type { OpenDatabase } from './open-database.ts';
import { isRefusalOfContent } from './sql-state.ts';

/** A backup whose first line has been read. */
export interface OpenBackup {
  readonly header: BackupHeader;
  /**
   * Makes missing tables, and puts every row into its table, in one transaction.
   * @param beforeCommit is called when all rows are in. From then on, nothing stops the restore.
   * @throws BackupError when the database has content or the backup is damaged; then nothing has changed.
   */
  restore(database: OpenDatabase, beforeCommit?: () => void): Promise<Contents>;
}

/**
 * Reads a backup. It holds no more than a chunk in memory.
 * @param use takes the backup, to restore it.
 * @param signal stops the reading.
 * @throws BackupError when it is no backup, or one of a newer release; then `use` is not called.
 */
export async function readBackup<T>(
  source: Readable,
  use: (backup: OpenBackup) => Promise<T>,
  signal?: AbortSignal,
): Promise<T> {
  const text = createGunzip();
  // The reader of the text gets the same error.
  const unpacked = pipeline(source, text, { ...(signal && { signal }) }).catch(() => {});
  let header: BackupHeader | undefined;
  try {
    const reader = new BackupReader(text);
    header = parseHeader(await reader.line());
    refuseNewer(header);
    const known = header;
    return await use({
      header,
      restore: (database, beforeCommit) => restore(database, known, reader, beforeCommit),
    });
  } catch (error) {
    throw signal?.aborted ? signal.reason : asRefusal(error, header !== undefined);
  } finally {
    text.destroy();
    await unpacked;
  }
}

async function restore(
  database: OpenDatabase,
  { migrations, taken_at }: BackupHeader,
  reader: BackupReader,
  beforeCommit?: () => void,
): Promise<Contents> {
  return database.copy('load', async (load) => {
    const { db } = load;
    await lockMigrations(db);
    await clearEmptyPlace(db, migrations);
    await migrateWithin(db, migrations.at(-1));
    const rows = await loadTables(load, reader);
    await migrateWithin(db);
    beforeCommit?.();
    return { takenAt: taken_at, rows };
  });
}

function refuseNewer({ migrations }: BackupHeader): void {
  const unknown = migrations.find((name, index) => name !== MIGRATIONS[index]);
  if (unknown === undefined) return;
  throw new BackupError(
    `The backup is of a newer release, which has the migration ${unknown}. Restore it with that release.`,
  );
}

function asRefusal(error: unknown, hasHeader: boolean): unknown {
  if (!(error instanceof Error) || !('code' in error)) return error;
  const isOfGzip = String(error.code).startsWith('Z_');
  if (isOfGzip) return hasHeader ? damaged(undefined, { cause: error }) : foreign({ cause: error });
  return isRefusalOfContent(error) ? damaged(error.message, { cause: error }) : error;
}
