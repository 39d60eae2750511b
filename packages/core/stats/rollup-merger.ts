import { addToMonth, createMonth, type RollupDelta } from './rollup.ts';
import { startOf } from './calendar.ts';
import type { Merge, MergedMonth, RollupRepository, DeltaPosition } from './ports.ts';

/** Merges the rollup deltas of stored visits into the rollups. Until then, readers add both. */
export interface RollupMerger {
  /**
   * Merges the waiting deltas shard by shard, up to a bound; the next call goes on from there. Any number of calls may
   * run at once, and any may be killed: a delta counts once. An aborted call ends after the current statement.
   * @returns how many batches of deltas were merged.
   */
  merge(signal?: AbortSignal): Promise<number>;
}

export interface RollupMergerOptions {
  readonly repository: Pick<RollupRepository, 'waiting' | 'months' | 'merge'>;
  /** How many batches of deltas are merged in one statement. */
  readonly batchesAtOnce: number;
}

/** Bounds one call, because the next flush of counts waits for it. */
const MAX_ROUNDS = 100;

export function createRollupMerger({ repository, batchesAtOnce }: RollupMergerOptions): RollupMerger {
  let position: DeltaPosition | undefined;

  async function monthsWith(deltas: readonly RollupDelta[]): Promise<MergedMonth[]> {
    const byMonth = new Map<string, { month: MergedMonth; deltas: RollupDelta[] }>();
    for (const delta of deltas) {
      const { short_code } = delta;
      const month = startOf('month', delta.hour);
      const key = `${short_code} ${month}`;
      const group = byMonth.get(key);
      if (group) group.deltas.push(delta);
      else {
        byMonth.set(key, { month: { short_code, month, version: 0, data: createMonth() }, deltas: [delta] });
      }
    }
    const groups = [...byMonth.values()];
    for (const month of await repository.months(groups.map((group) => group.month))) {
      const group = byMonth.get(`${month.short_code} ${month.month}`);
      if (group) group.month = month;
    }
    for (const group of groups) addToMonth(group.month.data, group.deltas);
    return groups.map(({ month }) => month);
  }

  return {
    merge: async (signal) => {
      let merged = 0;
      for (let round = 0; round < MAX_ROUNDS; round++) {
        if (signal?.aborted) break;
        const batches = await repository.waiting(batchesAtOnce, position);
        if (batches.length > 0) {
          const deltas = batches.flatMap((batch) => batch.deltas);
          const months = await monthsWith(deltas);
          // Another merger was faster, and goes on with the rest.
          if (!(await repository.merge({ batches, months, hours: hoursOf(deltas) }))) break;
        }
        merged += batches.length;
        position = batches.length === batchesAtOnce ? batches.at(-1) : undefined;
        if (!position) break;
      }
      return merged;
    },
  };
}

function hoursOf(deltas: readonly RollupDelta[]): Merge['hours'] {
  const byHour = new Map<
    string,
    { short_code: RollupDelta['short_code']; hour: number; visits: number; bot_visits: number }
  >();
  for (const { short_code, hour, visits, bot_visits } of deltas) {
    const key = `${short_code} ${hour}`;
    const sum = byHour.get(key);
    if (sum) {
      sum.visits += visits;
      sum.bot_visits += bot_visits;
    } else {
      byHour.set(key, { short_code, hour, visits, bot_visits });
    }
  }
  return [...byHour.values()];
}
