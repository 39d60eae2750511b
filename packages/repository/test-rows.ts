import fc from 'fast-check';
import { type Kysely, sql } from 'kysely';
import { arrayText } from './array-text.ts';
import type { Database } from './schema.ts';
import { TABLE_NAMES } from './tables.ts';

interface Column {
  readonly name: string;
  readonly type: string;
  readonly isNullable: boolean;
}

/** A row, with its columns as text. */
type Row = Readonly<Record<string, string | null>>;

/** Some rows of each table. */
export type AnyRows = ReadonlyMap<keyof Database, readonly Row[]>;

const NASTY = [
  '',
  ' ',
  '\\',
  '\\.',
  '\n\\.\n',
  '\\N',
  'NULL',
  '\t',
  '\r\n',
  '\n',
  '\v\f\b',
  '"',
  '{}',
  '\u{7f}',
  '\u{2028}',
];
const text = fc.oneof(
  fc.constantFrom(...NASTY),
  fc.string({ unit: 'binary', maxLength: 40 }).map((any) => any.replaceAll('\0', '')),
  fc.array(fc.constantFrom(...NASTY, 'a', 'ä', '😀'), { maxLength: 8 }).map((parts) => parts.join('')),
);
const instant = fc.oneof(
  fc.constantFrom('infinity', '-infinity', '0044-03-15 12:00:00+00 BC', '294276-12-31 23:59:59.999999+00'),
  fc
    .tuple(
      fc.date({ min: new Date(0), max: new Date('2999-12-31'), noInvalidDate: true }),
      fc.integer({ min: 0, max: 999 }),
    )
    .map(([date, micros]) => date.toISOString().replace('Z', `${String(micros).padStart(3, '0')}Z`)),
);
const whole = (bits: number) =>
  fc.bigInt({ min: -(2n ** BigInt(bits - 1)), max: 2n ** BigInt(bits - 1) - 1n }).map(String);

const OF_TYPE: Readonly<Record<string, fc.Arbitrary<string>>> = {
  text,
  'text[]': fc.array(fc.oneof(text, fc.constant(null)), { maxLength: 4 }).map(arrayText),
  boolean: fc.boolean().map(String),
  smallint: whole(16),
  integer: whole(32),
  bigint: whole(64),
  uuid: fc.uuid(),
  date: fc.constantFrom('2026-11-01', '2026-12-31', 'infinity', '0001-01-01 BC'),
  json: fc.oneof(
    fc.json(),
    text.map((any) => JSON.stringify([any], undefined, 1)),
  ),
  'timestamp with time zone': instant,
};

/** Columns that take only some values. Triggers add up the visits of rollups, so these are smaller. */
const OF_COLUMN: Readonly<Record<string, fc.Arbitrary<string>>> = {
  'links.redirect_status': fc.constantFrom('301', '302', '307', '308'),
  'hourly_rollups.visits': whole(50),
  'count_progress.id': fc.constant('true'),
};

/** Any rows that the tables take. Some may have the same key. */
export async function anyRows(db: Kysely<Database>): Promise<fc.Arbitrary<AnyRows>> {
  const tables: fc.Arbitrary<readonly [keyof Database, readonly Row[]]>[] = [];
  for (const table of TABLE_NAMES) {
    const columns = await columnsOf(db, table);
    const row = fc.record(Object.fromEntries(columns.map((column) => [column.name, valueOf(table, column)])));
    tables.push(fc.array(row, { maxLength: 4 }).map((rows) => [table, rows] as const));
  }
  return fc.tuple(...tables).map((entries) => new Map(entries));
}

function valueOf(table: string, { name, type, isNullable }: Column): fc.Arbitrary<string | null> {
  const value = OF_COLUMN[`${table}.${name}`] ?? OF_TYPE[type];
  if (!value) throw new Error(`No values are known for ${table}.${name}, a ${type}.`);
  return isNullable ? fc.option(value) : value;
}

async function columnsOf(db: Kysely<Database>, table: string): Promise<Column[]> {
  const { rows } = await sql<{ name: string; type: string; is_nullable: boolean }>`
    select attname as name, format_type(atttypid, atttypmod) as type, not attnotnull as is_nullable
    from pg_attribute where attrelid = ${table}::regclass and attnum > 0 and not attisdropped order by attnum
  `.execute(db);
  return rows.map(({ name, type, is_nullable }) => ({ name, type, isNullable: is_nullable }));
}

export async function insertRows(db: Kysely<Database>, rows: AnyRows): Promise<void> {
  for (const [table, some] of rows) {
    const types = new Map((await columnsOf(db, table)).map(({ name, type }) => [name, type]));
    for (const row of some) {
      const names = Object.keys(row);
      await sql`
        insert into ${sql.table(table)} (${sql.join(names.map((name) => sql.id(name)))}) overriding system value
        values (${sql.join(names.map((name) => sql`${row[name]}::text::${sql.raw(types.get(name) ?? '')}`))})
        on conflict do nothing
      `.execute(db);
    }
  }
}

/** Every row of every table, in order, as the server writes it. */
export async function allRows(db: Kysely<Database>): Promise<Record<string, string[]>> {
  const all: Record<string, string[]> = {};
  for (const table of TABLE_NAMES) {
    const { rows } = await sql<{ text: string }>`
      select t::text as text from ${sql.table(table)} as t order by t::text collate "C"
    `.execute(db);
    all[table] = rows.map(({ text }) => text);
  }
  return all;
}
