import { readdirSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { tryLockDirectory } from '@terse/files/directory-lock';
import { segmentsIn, sizeOf } from './journal-slot.ts';
import type { SegmentTable } from './segment-table.ts';

const SLOT = /^slot-\d+$/;
const STEPS_PER_SWEEP = 30;

/** Looks for what processes left that are not there any more. */
export interface DeadSlotSearch {
  /** Looks at some of the slots. Called once a second, it comes by each of them twice a minute, whatever their number. */
  step(): void;
  /** Looks at all of them now. */
  sweep(): void;
}

export interface DeadSlotSearchOptions {
  readonly directory: string;
  /** Where the segments go. */
  readonly table: Pick<SegmentTable, 'directory' | 'nameForAdopted' | 'addFound'>;
  readonly onError: (error: unknown) => void;
}

/** Any number of processes may search at once: who has the lock of a slot takes its segments one by one, each by a rename. */
export function createDeadSlotSearch(options: DeadSlotSearchOptions): DeadSlotSearch {
  const { directory, table, onError } = options;
  let toLookAt: string[] = [];
  let perStep = 0;
  // So that processes that were started together do not look together.
  let steps = Math.floor(Math.random() * STEPS_PER_SWEEP);

  function others(): string[] {
    return readdirSync(directory, { withFileTypes: true })
      .filter((entry) => entry.isDirectory() && SLOT.test(entry.name))
      .map(({ name }) => join(directory, name))
      .filter((slot) => slot !== table.directory);
  }

  /** Most slots are empty, or of a living process: so they are locked only when there is something to be had. */
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
        // Those behind it may well be adopted.
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
