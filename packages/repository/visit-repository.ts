import { type Kysely, type RawBuilder, sql } from 'kysely';
import { LRUCache } from 'lru-cache';
import { ContentRefusedError } from '@terse/core/visits/content-refused';
import type { ShortCode } from '@terse/core/links/short-code';
import type { DescribedVisit } from '@terse/core/visits/visit-description';
import { rollUp } from '@terse/core/stats/rollup';
import { shardOf } from './rollup-shard.ts';
import { arrayText } from './array-text.ts';
import type { Database, VisitTable } from './schema.ts';
import { isRefusalOfContent, isUniqueViolation } from './sql-state.ts';
import { preparePartitions } from './visit-partitions.ts';
import type { Inserted, VisitRepository } from '@terse/core/visits/ports';

/** The columns that are shown. A new column is not shown by itself. */
const SHOWN = ['id', 'short_code', 'ip', 'timestamp', 'user_agent', 'referrer', 'country', 'is_bot'] as const;

const CODES_REMEMBERED = 100_000;
/** Each new try leaves out what other writers have stored by then, and there are few of them. */
const MAX_TRIES = 10;

export function createVisitRepository(options: { db: Kysely<Database> }): VisitRepository {
  const { db } = options;
  /** Codes that have a link, which is never removed. A code without a link may get one at any time. */
  const linked = new LRUCache<ShortCode, true>({ max: CODES_REMEMBERED });

  async function learnLinks(visits: readonly DescribedVisit[]): Promise<void> {
    const unknown = new Set<ShortCode>();
    for (const { short_code } of visits) if (!linked.get(short_code)) unknown.add(short_code);
    if (unknown.size === 0) return;
    const { rows } = await sql<{ short_code: ShortCode }>`
      select short_code from links where short_code = any(${[...unknown]}::text[])
    `.execute(db);
    for (const { short_code } of rows) linked.set(short_code, true);
  }

  /** @throws Error, a unique violation, when one of the visits is stored already; then it stores nothing. */
  async function insertNew(visits: readonly DescribedVisit[]): Promise<Inserted> {
    await learnLinks(visits);
    const { ofLinks = [], orphans = [] } = Object.groupBy(visits, ({ short_code }) =>
      linked.has(short_code) ? 'ofLinks' : 'orphans',
    );
    const batches = Map.groupBy(rollUp(ofLinks), ({ short_code }) => shardOf(short_code));
    await sql`
      with stored as (${insertInto('visits', ofLinks)}), orphaned as (${insertInto('orphan_visits', orphans)})
      insert into rollup_deltas (shard, deltas)
      select shard, deltas::json from unnest(
        ${[...batches.keys()]}::smallint[],
        ${arrayText([...batches.values()].map((deltas) => JSON.stringify(deltas)))}::text::text[]
      ) as batch (shard, deltas)
    `.execute(db);
    return { stored: ofLinks.length, orphans: orphans.length };
  }

  async function withoutStored(visits: readonly DescribedVisit[]): Promise<DescribedVisit[]> {
    const { rows } = await sql<{ id: string }>`
      with incoming as (
        select * from unnest(
          ${visits.map(({ short_code }) => short_code)}::text[], ${visits.map(({ id }) => id)}::uuid[]
        ) as visit (short_code, id)
      )
      select id from visits join incoming using (short_code, id)
      union all
      select id from orphan_visits join incoming using (id)
    `.execute(db);
    const stored = new Set(rows.map(({ id }) => id));
    return visits.filter(({ id }) => !stored.has(id));
  }

  return {
    insert: async (visits) => {
      let fresh = inOrder(visits);
      for (let tries = 1; ; tries++) {
        if (fresh.length === 0) return { stored: 0, orphans: 0 };
        try {
          return await insertNew(fresh);
        } catch (error) {
          if (!isUniqueViolation(error) || tries === MAX_TRIES) throw asRefusal(error);
        }
        fresh = await withoutStored(fresh);
      }
    },

    latest: (code, limit, before) => {
      const visits = db.selectFrom('visits').select(SHOWN).where('short_code', '=', code);
      return (before === undefined ? visits : visits.where('id', '<', before))
        .orderBy('id', 'desc')
        .limit(limit)
        .execute();
    },

    preparePartitions: (today) => preparePartitions(db, today),
  };
}

function asRefusal(error: unknown): unknown {
  if (!isRefusalOfContent(error)) return error;
  const { message } = error as Error;
  return new ContentRefusedError(message, { cause: error });
}

/**
 * Each visit once, in the order of the key. So neighbours in an index are written together, and two writers with the
 * same visits do not deadlock. The database reads an id in upper case as the one in lower case.
 */
function inOrder(visits: readonly DescribedVisit[]): DescribedVisit[] {
  const byId = new Map<string, DescribedVisit>();
  for (const visit of visits) {
    const id = visit.id.toLowerCase();
    byId.set(id, id === visit.id ? visit : { ...visit, id });
  }
  return [...byId.values()].toSorted((a, b) => compare(a.short_code, b.short_code) || compare(a.id, b.id));
}

function compare(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}

/** The columns of a visit, each with its type and its value as text. */
const COLUMNS = Object.entries({
  id: ['uuid', ({ id }) => id],
  short_code: ['text', ({ short_code }) => short_code],
  ip: ['text', ({ ip }) => ip],
  timestamp: ['timestamptz', ({ timestamp }) => new Date(timestamp).toISOString()],
  user_agent: ['text', ({ user_agent }) => user_agent],
  referrer: ['text', ({ referrer }) => referrer],
  country: ['text', ({ country }) => country],
  is_bot: ['boolean', ({ is_bot }) => (is_bot ? 't' : 'f')],
} satisfies Record<
  keyof VisitTable,
  readonly [type: string, textOf: (visit: DescribedVisit) => string | null]
>);

const COLUMN_NAMES = sql.join(COLUMNS.map(([name]) => sql.ref(name)));

function insertInto(
  table: 'visits' | 'orphan_visits',
  visits: readonly DescribedVisit[],
): RawBuilder<unknown> {
  const arrays = COLUMNS.map(
    ([, [type, textOf]]) => sql`${arrayText(visits.map(textOf))}::text::${sql.raw(type)}[]`,
  );
  return sql`
    insert into ${sql.table(table)} (${COLUMN_NAMES}) select * from unnest(${sql.join(arrays)})
  `;
}
