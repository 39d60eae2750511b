import { type Kysely, sql, type Transaction } from 'kysely';
import { arrayText } from './array-text.ts';
import type { Database } from './schema.ts';

/** The number that `ensure_visit_partition` locks while it makes a partition. */
const LOCK = sql`hashtext('ensure_visit_partition')`;
const PREFIX = 'visits_';

/**
 * Makes the partitions from yesterday to a week ahead. Makes none while another process does or a backup is being
 * taken: it would wait for a lock on the table, and everything else would wait behind it.
 */
export async function preparePartitions(db: Kysely<Database>, today: Date): Promise<void> {
  await sql`
    with turn as materialized (select pg_try_advisory_xact_lock(${LOCK}) as is_ours)
    select ensure_visit_partition((${today.toISOString()}::timestamptz at time zone 'UTC')::date + day)
    from turn, generate_series(-1, 7) as day where is_ours
  `.execute(db);
}

/** Keeps others from making partitions until the transaction ends. */
export async function holdPartitions(transaction: Transaction<Database>): Promise<void> {
  await sql`select pg_advisory_xact_lock_shared(${LOCK})`.execute(transaction);
}

/** The UTC days that have a partition, in order, `YYYY-MM-DD`. */
export async function partitionDays(db: Kysely<Database>): Promise<string[]> {
  const { rows } = await sql<{ day: string }>`
    select to_char(to_date(substr(relname, ${PREFIX.length + 1}::int), 'YYYYMMDD'), 'YYYY-MM-DD') as day
    from pg_inherits join pg_class on pg_class.oid = inhrelid
    where inhparent = 'visits'::regclass and relname ~ ${`^${PREFIX}\\d{8}$`} order by 1
  `.execute(db);
  return rows.map(({ day }) => day);
}

/** Makes the partitions of these days where they are missing. */
export async function ensurePartitions(db: Kysely<Database>, days: readonly string[]): Promise<void> {
  await sql`select ensure_visit_partition(day) from unnest(${arrayText(days)}::text::date[]) as day`.execute(
    db,
  );
}
