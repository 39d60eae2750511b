import { type RawBuilder, sql } from 'kysely';
import type { CounterBatch } from '@terse/core/counts/counter-batch';
import type { ShortCode } from '@terse/core/links/short-code';

/** A query for the visits per link that are in these batches and not yet in `links.visit_count`. */
export function unappliedVisits(
  batches: readonly CounterBatch[],
): RawBuilder<{ short_code: ShortCode; visits: number }> {
  const rows = batches.flatMap(({ id, deltas }) => [...deltas].map(([code, delta]) => ({ id, code, delta })));
  const ids = rows.map(({ id }) => id);
  const codes = rows.map(({ code }) => code);
  const deltas = rows.map(({ delta }) => delta);
  return sql`
    select batch.short_code, sum(batch.delta)::bigint as visits
    from unnest(${ids}::text[], ${codes}::text[], ${deltas}::bigint[]) as batch (id, short_code, delta)
    where not exists (select from counter_batches as ledger where ledger.id = batch.id)
    group by batch.short_code
  `;
}
