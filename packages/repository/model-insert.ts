import { type Insertable, type Kysely, type RawBuilder, type Selectable, sql } from 'kysely';
import { DomainError } from '@terse/core/errors';
import { batched } from '@terse/platform/batched';
import type { BaseModel, Database, ModelKeys, ModelTable } from './schema.ts';
import { isUniqueViolation } from './sql-state.ts';
import type { TimestampService } from './timestamps.ts';

/** Every column that a caller can give. Rows share a statement, so all have the same columns. */
export type NewRow<T extends ModelTable> = Required<Insertable<Database[T]>>;

export interface ModelInsert<T extends ModelTable> {
  /**
   * The new row, or `undefined` when its key is in use, also by a deleted row. Calls in one turn of the event loop
   * share a statement, but each gets the outcome of its own row.
   */
  create(values: NewRow<T>): Promise<Selectable<Database[T]> | undefined>;
  /** All rows, in their order; `undefined`, and none is stored, when the key of one is in use. */
  createAll(values: readonly NewRow<T>[]): Promise<Selectable<Database[T]>[] | undefined>;
}

export interface ModelInsertOptions<T extends ModelTable> {
  readonly db: Kysely<Database>;
  readonly table: T;
  readonly key: ModelKeys[T];
  /** The columns that are read. */
  readonly columns: readonly (keyof Selectable<Database[T]> & string)[];
  readonly timestamps: TimestampService;
  /** The values that the table's other columns have in a new row, by their defaults. */
  readonly defaults: Omit<Selectable<Database[T]>, keyof NewRow<T> | keyof BaseModel>;
}

/**
 * Kysely cannot type a query over a table that is a type parameter, so tables are untyped inside a model. The
 * signatures of its services check the callers.
 */
export function untyped(db: Kysely<Database>): Kysely<Record<string, Record<string, unknown>>> {
  return db as unknown as Kysely<Record<string, Record<string, unknown>>>;
}

export function createModelInsert<T extends ModelTable>(options: ModelInsertOptions<T>): ModelInsert<T> {
  type Row = Selectable<Database[T]>;
  const { timestamps, defaults } = options;
  const table: string = options.table;
  const key: string = options.key;
  const columns: readonly string[] = options.columns;
  const db = untyped(options.db);

  const keyOf = (row: object) => (row as Record<string, unknown>)[key];

  /**
   * The stored rows of those that were inserted, in their order. All rows are one parameter, so there is one statement
   * to prepare. They are sorted, so that no two statements deadlock.
   */
  async function insert(
    rows: readonly NewRow<T>[],
    onConflict: RawBuilder<unknown> = sql``,
  ): Promise<Map<NewRow<T>, Row>> {
    const [first] = rows;
    if (!first) return new Map();
    const given = sql.join(Object.keys(first).map((column) => sql.ref(column)));
    const stamps = timestamps.created();
    const inserted = await sql<object>`
      insert into ${sql.table(table)} (${given}, created_at, updated_at)
      select ${given}, ${stamps.created_at}::timestamptz, ${stamps.updated_at}::timestamptz
      from json_populate_recordset(null::${sql.table(table)}, ${JSON.stringify(rows)}::text::json)
      order by ${sql.ref(key)} ${onConflict} returning ${sql.ref(key)}
    `.execute(db);
    const keys = new Set(inserted.rows.map(keyOf));
    // The contents of the rows are known, so the database only returns which of them it took.
    const base = { ...stamps, deleted_at: null };
    const taken = rows.filter((row) => keys.has(keyOf(row)));
    return new Map(taken.map((row) => [row, asRead({ ...row, ...defaults, ...base })]));
  }

  function asRead(row: Record<string, unknown>): Row {
    return Object.fromEntries(columns.map((column) => [column, row[column]])) as Row;
  }

  async function insertWhereFree(rows: readonly NewRow<T>[]): Promise<(Row | undefined)[]> {
    const firsts = new Map(rows.toReversed().map((row) => [keyOf(row), row]));
    const inserted = await insert([...firsts.values()], sql`on conflict (${sql.ref(key)}) do nothing`);
    return rows.map((row) => inserted.get(row));
  }

  /** Inserts row by row when the database refuses all because of one. An outage is not the fault of a row. */
  async function createEach(rows: readonly NewRow<T>[]): Promise<(Row | undefined | Error)[]> {
    try {
      return await insertWhereFree(rows);
    } catch (error) {
      if (error instanceof DomainError || rows.length === 1) throw error;
      const apart = await Promise.allSettled(rows.map((row) => insertWhereFree([row])));
      return apart.map((each) => (each.status === 'fulfilled' ? each.value[0] : asError(each.reason)));
    }
  }

  return {
    create: batched(createEach),
    createAll: async (values) => {
      try {
        return [...(await insert(values)).values()];
      } catch (error) {
        if (isUniqueViolation(error)) return undefined;
        throw error;
      }
    },
  };
}

function asError(reason: unknown): Error {
  return reason instanceof Error ? reason : new Error('The database refused a row.', { cause: reason });
}
