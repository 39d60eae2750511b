// A backup is text, compressed by gzip: a line of JSON that says what it is; for each table a line of JSON, its rows as
// COPY writes them, and `\.`; a last line of JSON with the numbers of rows. `docs/backup.md` shows one.

export const FORMAT = 'terse-backup';
export const VERSION = 1;
/** The line after the rows of a table. COPY escapes each backslash, so no row is equal to it. */
export const END_OF_ROWS = '\\.\n';

export interface BackupHeader {
  readonly format: typeof FORMAT;
  readonly version: typeof VERSION;
  /** The migrations of the database, in order. */
  readonly migrations: readonly string[];
  /** The moment that the backup shows, RFC 3339. */
  readonly taken_at: string;
  /** The version of the server. */
  readonly postgres: string;
}

export interface BackupTable {
  readonly table: string;
  readonly columns: readonly string[];
  /** For the visits only: the UTC days that have a partition, `YYYY-MM-DD`. */
  readonly days?: readonly string[];
}

export interface BackupTrailer {
  /** The number of rows by table. */
  readonly rows: Readonly<Record<string, number>>;
}

/** Says in one line why something cannot be backed up or restored, and what to do. */
export class BackupError extends Error {
  override readonly name = 'BackupError';
}

/** @param how what shows the damage. */
export function damaged(how?: string, options?: ErrorOptions): BackupError {
  const what = `The backup is damaged or incomplete${how === undefined ? '' : `: ${how}`}.`;
  return new BackupError(`${what} Copy its file again, or restore an earlier one.`, options);
}

export function foreign(options?: ErrorOptions): BackupError {
  return new BackupError(`This is no backup of Terse. ${NAME_A_BACKUP}`, options);
}

export const NAME_A_BACKUP = 'Name a file that npm run backup made.';

/**
 * Parses the first line of a backup.
 * @throws BackupError when it is none that this release reads.
 */
export function parseHeader(line: string): BackupHeader {
  const { format, version, migrations, taken_at, postgres } = parse(line, foreign);
  if (format !== FORMAT) throw foreign();
  if (version !== VERSION) {
    throw new BackupError(
      `The backup has format ${String(version)}, and this release reads ${VERSION}. Restore it with the release that made it.`,
    );
  }
  if (
    !isTexts(migrations) ||
    migrations.length === 0 ||
    typeof taken_at !== 'string' ||
    typeof postgres !== 'string'
  ) {
    throw damaged('its first line is incomplete');
  }
  return { format, version, migrations, taken_at, postgres };
}

/**
 * Parses the line before the rows of a table, or the last line.
 * @throws BackupError when it is neither.
 */
export function parseSection(line: string): BackupTable | BackupTrailer {
  const { table, columns, days, rows } = parse(line, damaged);
  if (isCounts(rows)) return { rows };
  if (typeof table !== 'string' || !isTexts(columns) || columns.length === 0) {
    throw damaged('a line is neither a table nor the end');
  }
  if (days === undefined) return { table, columns };
  if (!isTexts(days) || !days.every((day) => /^\d{4}-\d\d-\d\d$/.test(day))) {
    throw damaged(`the days of ${table} are no dates`);
  }
  return { table, columns, days };
}

function parse(line: string, fault: () => BackupError): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(line);
    if (typeof value === 'object' && value !== null) return { ...value };
  } catch {
    // The error below covers it.
  }
  throw fault();
}

function isTexts(value: unknown): value is string[] {
  return Array.isArray(value) && value.every((each) => typeof each === 'string');
}

function isCounts(value: unknown): value is Record<string, number> {
  return (
    typeof value === 'object' &&
    value !== null &&
    !Array.isArray(value) &&
    Object.values(value).every((count) => Number.isSafeInteger(count))
  );
}
