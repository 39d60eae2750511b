import { open } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { Readable, Writable } from 'node:stream';
import { writeWholeFile } from '@terse/platform/whole-file';
import { type Contents, writeBackup } from '@terse/repository/backup';
import { BackupError, NAME_A_BACKUP } from '@terse/repository/backup-format';
import { ensureLogins } from '@terse/repository/logins';
import type { OpenDatabase } from '@terse/repository/open-database';
import { readBackup } from '@terse/repository/restore';
import { hasNpmBanner } from './process/npm-banner.ts';
import type { ServicesContext } from './services/open-services.ts';
import { stopUntil } from './process/stop-until.ts';
import { standardError } from './process/standard-streams.ts';
import { withDatabase } from './services/with-database.ts';

/** The name of standard output and standard input. */
const STANDARD = '-';

export interface BackupOptions {
  /** `-` for standard output. */
  readonly file: string;
  /** Whether it may replace a file. */
  readonly overwrite: boolean;
  /** Stops the backup. */
  readonly signal: AbortSignal;
}

/**
 * Copies the database, as of one moment, into a file while everything else goes on.
 * @returns what was done, for people; an empty text when the backup goes to standard output.
 * @throws BackupError when the database is not of this release.
 */
export async function backUp(context: ServicesContext, options: BackupOptions): Promise<string> {
  const { file, overwrite, signal } = options;
  const write = (into: Writable) =>
    onDatabase(context, signal, (database) => writeBackup(database, into, signal));
  if (file !== STANDARD) {
    return `${resolve(file)} has ${summary(await writeWholeFile(file, overwrite, write))}`;
  }
  if (process.stdout.isTTY) throw new BackupError('A backup is not for a terminal: name a file.');
  if (hasNpmBanner()) {
    throw new BackupError('npm adds lines to standard output: use npm run --silent backup -- -');
  }
  standardError.write(`wrote ${summary(await write(process.stdout))}\n`);
  return '';
}

export interface RestoreOptions {
  /** `-` for standard input. */
  readonly file: string;
  /** Stops the restore, which then changes nothing, unless all rows are already in. */
  readonly signal: AbortSignal;
}

/**
 * Puts a backup into an empty database, and makes its tables.
 * @returns what was done, for people.
 * @throws BackupError when the file is no whole backup, or when the database has content; then nothing is changed.
 */
export async function restoreBackup(
  context: ServicesContext,
  { file, signal }: RestoreOptions,
): Promise<string> {
  const source = file === STANDARD ? process.stdin : await openFile(file);
  const loading = stopUntil(signal);
  const contents = await readBackup(
    source,
    (backup) =>
      onDatabase(context, loading.signal, async (database) => {
        const restored = await backup.restore(database, loading.shutOff);
        await ensureLogins(database.db, context.config.logins);
        return restored;
      }),
    loading.signal,
  );
  return `restored ${summary(contents)}`;
}

async function openFile(file: string): Promise<Readable> {
  try {
    const handle = await open(file);
    if (!(await handle.stat()).isDirectory()) return handle.createReadStream();
    await handle.close();
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? ` (${String(error.code)})` : '';
    throw new BackupError(`${resolve(file)} cannot be read${code}. ${NAME_A_BACKUP}`, { cause: error });
  }
  throw new BackupError(`${resolve(file)} is a folder. ${NAME_A_BACKUP}`);
}

function onDatabase<T>(
  context: ServicesContext,
  signal: AbortSignal,
  work: (database: OpenDatabase) => Promise<T>,
): Promise<T> {
  return withDatabase(context, (database) => {
    signal.throwIfAborted();
    return Promise.race([work(database), rejectedBy(signal)]);
  });
}

/** Does not wait for a statement that waits for a lock: the end of the process rolls it back. */
function rejectedBy(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason), { once: true });
  });
}

function summary({ takenAt, rows }: Contents): string {
  const count = (table: string) => (rows[table] ?? 0).toLocaleString('en');
  return `${count('links')} links and ${count('visits')} visits as of ${takenAt}`;
}
