import { type RawBuilder, type Selectable, sql, type Updateable } from 'kysely';
import type { Visibility } from '@terse/core/links/ports';
import { createModelInsert, type ModelInsert, type ModelInsertOptions, untyped } from './model-insert.ts';
import type { Database, ModelTable } from './schema.ts';
import { createSoftDeleteService } from './soft-delete.ts';

export interface ListOptions {
  readonly visibility?: Visibility;
  readonly where?: readonly RawBuilder<boolean>[];
  /** The key of the last row of the page before. */
  readonly after?: string | undefined;
  readonly limit: number;
}

/** Rows of one table with the base columns: stamped, soft-deleted, found by their key. */
export interface ModelService<T extends ModelTable> extends ModelInsert<T> {
  /** The existing rows of these keys, in any order. */
  getAll(keys: readonly string[], visibility?: Visibility): Promise<Selectable<Database[T]>[]>;
  get(key: string, visibility?: Visibility): Promise<Selectable<Database[T]> | undefined>;
  /** The changed row, or `undefined` when there is no such active row. */
  update(key: string, changes: Updateable<Database[T]>): Promise<Selectable<Database[T]> | undefined>;
  /** The deleted row, or `undefined` when there is no such active row. */
  remove(key: string): Promise<Selectable<Database[T]> | undefined>;
  /** The restored row, or `undefined` when there is no such deleted row. */
  restore(key: string): Promise<Selectable<Database[T]> | undefined>;
  /** Newest first, then by key. An unknown `after` gives no rows. */
  list(options: ListOptions): Promise<Selectable<Database[T]>[]>;
}

export interface ModelServiceOptions<T extends ModelTable> extends ModelInsertOptions<T> {
  /** Further columns that every change sets. */
  readonly onChange?: Readonly<Record<string, RawBuilder<unknown>>>;
}

export function createModelService<T extends ModelTable>(options: ModelServiceOptions<T>): ModelService<T> {
  type Row = Selectable<Database[T]>;
  const { timestamps, onChange = {} } = options;
  const table: string = options.table;
  const key: string = options.key;
  const columns: readonly string[] = options.columns;
  const db = untyped(options.db);
  const softDelete = createSoftDeleteService(timestamps);

  async function set(keyValue: unknown, visibility: Visibility, changes: object): Promise<Row | undefined> {
    const row = await db
      .updateTable(table)
      .set({ ...changes, ...onChange })
      .where(key, '=', keyValue)
      .where(softDelete.visible(visibility))
      .returning(columns)
      .executeTakeFirst();
    return row as Row | undefined;
  }

  return {
    ...createModelInsert(options),

    getAll: async (keys, visibility = 'active') => {
      const rows = await db
        .selectFrom(table)
        .select(columns)
        .where(sql<boolean>`${sql.ref(key)} = any(${[...keys]}::text[])`)
        .where(softDelete.visible(visibility))
        .execute();
      return rows as Row[];
    },

    get: async (keyValue, visibility = 'active') => {
      const row = await db
        .selectFrom(table)
        .select(columns)
        .where(key, '=', keyValue)
        .where(softDelete.visible(visibility))
        .executeTakeFirst();
      return row as Row | undefined;
    },

    update: (keyValue, changes) => set(keyValue, 'active', { ...changes, ...timestamps.updated() }),
    remove: (keyValue) => set(keyValue, 'active', softDelete.deletion()),
    restore: (keyValue) => set(keyValue, 'deleted', softDelete.restoration()),

    list: async ({ visibility = 'active', where = [], after, limit }) => {
      let query = db.selectFrom(table).select(columns).where(softDelete.visible(visibility));
      for (const condition of where) query = query.where(condition);
      if (after !== undefined) {
        const position = sql`select created_at, ${sql.ref(key)} from ${sql.table(table)} where ${sql.ref(key)} = ${after}`;
        query = query.where(sql<boolean>`(created_at, ${sql.ref(key)}) < (${position})`);
      }
      const rows = await query.orderBy('created_at', 'desc').orderBy(key, 'desc').limit(limit).execute();
      return rows as Row[];
    },
  };
}
