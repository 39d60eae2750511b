import { type Insertable, type Kysely, type RawBuilder, type Selectable, sql, type Updateable } from 'kysely';
import type { Database, ModelKeys, ModelTable } from './schema.ts';
import { createSoftDeleteService, type Visibility } from './soft-delete.ts';
import type { TimestampService } from './timestamps.ts';

/** Where a page ended: the next one goes on after this row. */
export interface PagePosition {
  readonly createdAt: Date;
  readonly key: string;
}

export interface ListOptions {
  readonly visibility?: Visibility;
  readonly where?: readonly RawBuilder<boolean>[];
  readonly after?: PagePosition | undefined;
  readonly limit: number;
}

/** Rows of one table with the base columns: stamped, never removed, found by their key. */
export interface ModelService<T extends ModelTable> {
  /** The new row, or `undefined` when its key is in use, be it by a deleted row. */
  create(values: Insertable<Database[T]>): Promise<Selectable<Database[T]> | undefined>;
  /** All of them, in any order, or `undefined` and none when the key of one is in use. */
  createAll(values: readonly Insertable<Database[T]>[]): Promise<Selectable<Database[T]>[] | undefined>;
  /** Those that there are, in any order. */
  getAll(keys: readonly string[], visibility?: Visibility): Promise<Selectable<Database[T]>[]>;
  get(key: string, visibility?: Visibility): Promise<Selectable<Database[T]> | undefined>;
  /** The changed row, or `undefined` when there is no such active row. */
  update(key: string, changes: Updateable<Database[T]>): Promise<Selectable<Database[T]> | undefined>;
  /** The deleted row, or `undefined` when there is no such active row. */
  remove(key: string): Promise<Selectable<Database[T]> | undefined>;
  /** The restored row, or `undefined` when there is no such deleted row. */
  restore(key: string): Promise<Selectable<Database[T]> | undefined>;
  /** Newest first, then by key. */
  list(options: ListOptions): Promise<Selectable<Database[T]>[]>;
}

/**
 * Kysely cannot type a query over a table that is a type parameter, so inside this file tables are untyped; the
 * signatures above are what keeps callers honest.
 */
type Untyped = Record<string, Record<string, unknown>>;

export interface ModelServiceOptions<T extends ModelTable> {
  readonly db: Kysely<Database>;
  readonly table: T;
  readonly key: ModelKeys[T];
  readonly timestamps: TimestampService;
  /** Further columns that every change sets. */
  readonly onChange?: Readonly<Record<string, RawBuilder<unknown>>>;
}

export function createModelService<T extends ModelTable>(options: ModelServiceOptions<T>): ModelService<T> {
  type Row = Selectable<Database[T]>;
  const { timestamps, onChange = {} } = options;
  const table: string = options.table;
  const key: string = options.key;
  const db = options.db as unknown as Kysely<Untyped>;
  const softDelete = createSoftDeleteService(timestamps);

  async function set(keyValue: unknown, visibility: Visibility, changes: object): Promise<Row | undefined> {
    const row = await db
      .updateTable(table)
      .set({ ...changes, ...onChange })
      .where(key, '=', keyValue)
      .where(softDelete.visible(visibility))
      .returningAll()
      .executeTakeFirst();
    return row as Row | undefined;
  }

  return {
    create: async (values) => {
      const row = await db
        .insertInto(table)
        .values({ ...values, ...timestamps.created() })
        .onConflict((conflict) => conflict.column(key).doNothing())
        .returningAll()
        .executeTakeFirst();
      return row as Row | undefined;
    },

    createAll: async (values) => {
      const stamps = timestamps.created();
      const [first] = values;
      if (!first) return [];
      const columns = sql.join(Object.keys({ ...first, ...stamps }).map((column) => sql.ref(column)));
      const rows = JSON.stringify(values.map((each) => ({ ...each, ...stamps })));
      try {
        // One parameter, whatever the number of rows: one statement to prepare.
        const inserted = await sql<Row>`
          insert into ${sql.table(table)} (${columns})
          select ${columns} from jsonb_populate_recordset(null::${sql.table(table)}, ${rows}::text::jsonb)
          returning *
        `.execute(db);
        return inserted.rows;
      } catch (error) {
        if (isUniqueViolation(error)) return undefined;
        throw error;
      }
    },

    getAll: async (keys, visibility = 'active') => {
      const rows = await db
        .selectFrom(table)
        .selectAll()
        .where(sql<boolean>`${sql.ref(key)} = any(${[...keys]}::text[])`)
        .where(softDelete.visible(visibility))
        .execute();
      return rows as Row[];
    },

    get: async (keyValue, visibility = 'active') => {
      const row = await db
        .selectFrom(table)
        .selectAll()
        .where(key, '=', keyValue)
        .where(softDelete.visible(visibility))
        .executeTakeFirst();
      return row as Row | undefined;
    },

    update: (keyValue, changes) => set(keyValue, 'active', { ...changes, ...timestamps.updated() }),
    remove: (keyValue) => set(keyValue, 'active', softDelete.deletion()),
    restore: (keyValue) => set(keyValue, 'deleted', softDelete.restoration()),

    list: async ({ visibility = 'active', where = [], after, limit }) => {
      let query = db.selectFrom(table).selectAll().where(softDelete.visible(visibility));
      for (const condition of where) query = query.where(condition);
      if (after) {
        query = query.where(sql<boolean>`(created_at, ${sql.ref(key)}) < (${after.createdAt}, ${after.key})`);
      }
      const rows = await query.orderBy('created_at', 'desc').orderBy(key, 'desc').limit(limit).execute();
      return rows as Row[];
    },
  };
}

/** SQLSTATE `unique_violation`, as both databases tell it. */
function isUniqueViolation(error: unknown): boolean {
  return error instanceof Error && (error as { code?: unknown }).code === '23505';
}
