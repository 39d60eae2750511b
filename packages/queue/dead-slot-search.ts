import { readdirSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { tryLockDirectory } from '@terse/platform/directory-lock';
import { segmentsIn, sizeOf } from './journal-slot.ts';
import type { SegmentTable } from './segment-table.ts';

const SLOT = /^slot-\d+$/;
const STEPS_PER_SWEEP = 30;

/** Searches for segments that dead processes left. */
export interface DeadSlotSearch {
  /** Looks at some slots. Called once a second, it reaches each slot twice a minute, whatever their number. */
  step(): void;
  /** Looks at all slots now. */
  sweep(): void;
}

export interface DeadSlotSearchOptions {
  readonly directory: string;
  /** The table that adopts the segments. */
  readonly table: Pick<SegmentTable, 'directory' | 'nameForAdopted' | 'addFound'>;
  readonly onError: (error: unknown) => void;
}

/** Many processes may search at once: the holder of a slot's lock takes its segments one by one, each by a rename. */
export function createDeadSlotSearch(options: DeadSlotSearchOptions): DeadSlotSearch {
  const { directory, table, onError } = options;
  let toLookAt: string[] = [];
  let perStep = 0;
  // A random phase, so that processes started together do not look together.
  let steps = Math.floor(Math.random() * STEPS_PER_SWEEP);

  function others(): string[] {
    return readdirSync(directory, { withFileTypes: true })
      .filter((entry) => entry.isDirectory() && SLOT.test(entry.name))
      .map(({ name }) => join(directory, name))
      .filter((slot) => slot !== table.directory);
  }

  /** Locks a slot only when it has segments: most slots are empty or belong to a living process. */
  function look(slot: string): void {
    try {
      if (segmentsIn(slot).length === 0) return;
      const lock = tryLockDirectory(slot);
      if (!lock) return;
      try {
        adoptFrom(slot);
      } finally {
        lock.unlock();
      }
    } catch (error) {
      onError(error);
    }
  }

  function adoptFrom(slot: string): void {
    for (const name of segmentsIn(slot)) {
      const path = join(slot, name);
      const bytes = sizeOf(path);
      const newName = table.nameForAdopted(bytes);
      if (newName === undefined) return;
      try {
        renameSync(path, join(table.directory, newName));
        table.addFound(newName, bytes);
      } catch (error) {
        // One bad segment must not hold up the others.
        onError(error);
      }
    }
  }

  return {
    sweep: () => {
      for (const slot of others()) look(slot);
    },
    step: () => {
      if (steps === 0) {
        toLookAt = others();
        perStep = Math.ceil(toLookAt.length / STEPS_PER_SWEEP);
      }
      steps = (steps + 1) % STEPS_PER_SWEEP;
      for (const slot of toLookAt.splice(0, perStep)) look(slot);
    },
  };
}
