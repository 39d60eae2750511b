import type { MeasuredDeployment } from '../../deployment.ts';
import { flushOnce } from '../../load/flush.ts';
import { measureUsage, memoryOf } from '../../machine/usage.ts';

/**
 * @throws Error unless rollups and rollup deltas together have all stored visits, and the monthly rollups all merged
 * ones.
 */
export async function checkRollups({ sql }: MeasuredDeployment, stored: number): Promise<void> {
  const [row] = await sql<{ merged: number; waiting: number; in_months: number }[]>`
    select
      (select coalesce(sum(visits + bot_visits), 0)::int from hourly_rollups) as merged,
      (select coalesce(sum(visits + bot_visits), 0)::int from rollup_deltas
        cross join json_to_recordset(deltas) as delta (visits int, bot_visits int)) as waiting,
      (select coalesce(sum(visits::text::int), 0)::int from monthly_rollups
        cross join lateral (
          select json_array_elements(data->'visits') as visits union all select json_array_elements(data->'bot_visits')
        ) as days) as in_months`;
  const { merged = 0, waiting = 0, in_months = 0 } = row ?? {};
  if (merged + waiting !== stored || in_months !== merged) {
    throw new Error(
      `Of ${stored} visits, ${merged} are in hourly and ${in_months} in monthly rollups, ${waiting} in rollup deltas.`,
    );
  }
}

/** Merges all rollup deltas. @returns the seconds, and the CPU time of the function and of PostgreSQL. */
export async function measureMerging(deployment: MeasuredDeployment, visits: number) {
  const flusher = await deployment.start('counter-flush', 'beside', { TRIGGER: 'external' });
  const usages = [flusher.pid, deployment.stack.postgres.pid ?? 0].map((pid) => measureUsage(pid));
  const begin = performance.now();
  // One flush merges a bounded number of deltas.
  for (let left = Number.POSITIVE_INFINITY; left > 0;) {
    await flushOnce(flusher);
    const before = left;
    left = await countDeltas(deployment);
    if (left >= before) throw new Error(`${left} rollup deltas were not merged.`);
  }
  const seconds = (performance.now() - begin) / 1000;
  const [own = 0, ofPostgres = 0] = usages.map((usage) => (usage() * 1e6) / visits);
  const { highestMb } = memoryOf(flusher.pid);
  await flusher.end('SIGTERM');
  return { seconds, own, ofPostgres, highestMb };
}

async function countDeltas({ sql }: MeasuredDeployment): Promise<number> {
  const [row] = await sql<{ deltas: number }[]>`select count(*)::int as deltas from rollup_deltas`;
  return row?.deltas ?? 0;
}
