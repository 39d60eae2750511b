import { addToMonth, createMonth, type VisitTally } from './rollup.ts';
import { startOf } from './calendar.ts';
import type { Merge, MergedMonth, RollupRepository, TallyPosition } from './ports.ts';

/** Brings the tallies of stored visits into the tables that are read. Until then readers add them up themselves. */
export interface VisitMerger {
  /**
   * Merges what waits, bucket by bucket, or a bounded part of it: the next call goes on from there. Any number may
   * run at once and any may be killed anywhere: a tally counts once. An aborted call ends after the current statement.
   * @returns how many batches of tallies were merged.
   */
  merge(signal?: AbortSignal): Promise<number>;
}

export interface VisitMergerOptions {
  readonly repository: Pick<RollupRepository, 'waiting' | 'months' | 'merge'>;
  /** How many batches of tallies are merged in one statement. */
  readonly batchesAtOnce: number;
}

/** Counts are flushed between two calls, and are not to wait for minutes. */
const MAX_ROUNDS = 100;

export function createVisitMerger({ repository, batchesAtOnce }: VisitMergerOptions): VisitMerger {
  let position: TallyPosition | undefined;

  async function monthsWith(tallies: readonly VisitTally[]): Promise<MergedMonth[]> {
    const byMonth = new Map<string, { month: MergedMonth; tallies: VisitTally[] }>();
    for (const tally of tallies) {
      const { short_code } = tally;
      const month = startOf('month', tally.hour);
      const key = `${short_code} ${month}`;
      const group = byMonth.get(key);
      if (group) group.tallies.push(tally);
      else
        byMonth.set(key, { month: { short_code, month, version: 0, data: createMonth() }, tallies: [tally] });
    }
    const groups = [...byMonth.values()];
    for (const month of await repository.months(groups.map((group) => group.month))) {
      const group = byMonth.get(`${month.short_code} ${month.month}`);
      if (group) group.month = month;
    }
    for (const group of groups) addToMonth(group.month.data, group.tallies);
    return groups.map(({ month }) => month);
  }

  return {
    merge: async (signal) => {
      let merged = 0;
      for (let round = 0; round < MAX_ROUNDS; round++) {
        if (signal?.aborted) break;
        const batches = await repository.waiting(batchesAtOnce, position);
        if (batches.length > 0) {
          const tallies = batches.flatMap((batch) => batch.tallies);
          const months = await monthsWith(tallies);
          // Another that merges takes care of it.
          if (!(await repository.merge({ batches, months, hours: hoursOf(tallies) }))) break;
        }
        merged += batches.length;
        position = batches.length === batchesAtOnce ? batches.at(-1) : undefined;
        if (!position) break;
      }
      return merged;
    },
  };
}

function hoursOf(tallies: readonly VisitTally[]): Merge['hours'] {
  const byHour = new Map<
    string,
    { short_code: VisitTally['short_code']; hour: number; visits: number; bot_visits: number }
  >();
  for (const { short_code, hour, visits, bot_visits } of tallies) {
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
