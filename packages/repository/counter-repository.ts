import { type Kysely, sql } from 'kysely';
import type { Clock } from '@terse/platform/clock';
import type { Database } from './schema.ts';
import type { CounterRepository } from '@terse/core/counts/ports';

export function createCounterRepository(options: { db: Kysely<Database>; clock: Clock }): CounterRepository {
  const { db, clock } = options;
  return {
    apply: async ({ id, deltas }) => {
      const { rows } = await sql<{ applied: boolean }>`
        with ledger as (
          insert into counter_batches (id, applied_at)
          values (${id}, ${new Date(clock.now())})
          on conflict (id) do nothing
          returning id
        ), counted as (
          update links set visit_count = links.visit_count + batch.delta
          from unnest(${[...deltas.keys()]}::text[], ${[...deltas.values()]}::bigint[]) as batch (short_code, delta)
          where links.short_code = batch.short_code and exists (select from ledger)
        )
        select exists (select from ledger) as applied
      `.execute(db);
      return rows[0]?.applied ?? false;
    },

    prune: async (before, limit) => {
      const { numAffectedRows = 0n } = await sql`
        delete from counter_batches where id in (
          select id from counter_batches where applied_at < ${before} order by applied_at limit ${limit}
        )
      `.execute(db);
      return Number(numAffectedRows);
    },
  };
}
