import { type Kysely, sql } from 'kysely';
import type { Clock } from '@terse/core/clock';
import type { CounterBatch } from '@terse/core/counter-batch';
import type { ShortCode } from '@terse/core/short-code';
import type { Database } from './schema.ts';
import { unappliedVisits } from './unapplied-visits.ts';

/** A link whose `visit_count`, with its pending deltas, is not what its rollups say. */
export interface Drift {
  readonly short_code: ShortCode;
  readonly counted: number;
  readonly stored: number;
}

export interface CounterRepository {
  /** Adds the deltas to `urls.visit_count` unless the batch is in the ledger; whether it was added. */
  apply(batch: CounterBatch): Promise<boolean>;
  /** The links whose count differs from their rollups, deltas of unapplied pending batches included. */
  drifts(pending: readonly CounterBatch[]): Promise<Drift[]>;
}

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
          update urls set visit_count = urls.visit_count + batch.delta
          from unnest(${[...deltas.keys()]}::text[], ${[...deltas.values()]}::int[]) as batch (short_code, delta)
          where urls.short_code = batch.short_code and exists (select from ledger)
        )
        select exists (select from ledger) as applied
      `.execute(db);
      return rows[0]?.applied ?? false;
    },

    drifts: async (pending) => {
      const { rows } = await sql<Drift>`
        with pending as (
          ${unappliedVisits(pending)}
        ), stored as (
          select short_code, sum(visits) as visits
          from (
            select short_code, visits from visit_rollups
            union all
            select tally.short_code, tally.visits
            from visit_tallies cross join json_to_recordset(tallies) as tally (short_code text, visits bigint)
          ) as rolled_up
          group by short_code
        )
        select short_code,
          urls.visit_count + coalesce(pending.visits, 0) as counted,
          coalesce(stored.visits, 0)::bigint as stored
        from urls left join stored using (short_code) left join pending using (short_code)
        where urls.visit_count + coalesce(pending.visits, 0) <> coalesce(stored.visits, 0)
      `.execute(db);
      return rows;
    },
  };
}
