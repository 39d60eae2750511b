import { type RawBuilder, sql } from 'kysely';

/** The column in milliseconds since the epoch. As a number, because drivers read dates differently. */
export function millisecondsOf(column: string): RawBuilder<number> {
  return sql`(extract(epoch from ${sql.ref(column)}) * 1000)::bigint`;
}

/** The start of a month as PostgreSQL reads a date. */
export function dateOf(month: number): string {
  return new Date(month).toISOString().slice(0, 10);
}
