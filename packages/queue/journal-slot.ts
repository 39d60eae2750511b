import { lstatSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { type DirectoryLock, tryLockDirectory } from '@terse/platform/directory-lock';
import { makeDirectory } from '@terse/platform/make-directory';
import { isSegmentName } from './journal-segment.ts';

/** The subfolder of a journal that one process has locked. */
export interface JournalSlot {
  readonly path: string;
  readonly lock: DirectoryLock;
}

const MAX_SLOTS = 1000;
/** How many unusable slots, such as files of that name, are skipped before the folder counts as unusable. */
const MAX_UNUSABLE = 10;

/**
 * Locks the first slot that no living process holds.
 * @throws Error when the folder cannot be written.
 */
export function takeSlot(directory: string): JournalSlot {
  makeDirectory(directory);
  const failures: unknown[] = [];
  for (let number = 0; number < MAX_SLOTS; number++) {
    const path = join(directory, `slot-${number}`);
    try {
      const lock = tryLockDirectory(path);
      if (lock) return { path, lock };
    } catch (error) {
      failures.push(error);
      if (failures.length === MAX_UNUSABLE) throw failures[0];
    }
  }
  throw new Error(`${directory} has no free slot for a journal.`);
}

/** The segments in a slot, the oldest first. */
export function segmentsIn(slot: string): string[] {
  return readdirSync(slot).filter(isSegmentName).toSorted();
}

/** All names in a slot; `undefined` when it cannot be read. */
export function namesIn(slot: string): string[] | undefined {
  try {
    return readdirSync(slot);
  } catch {
    return undefined;
  }
}

export function sizeOf(path: string): number {
  return lstatSync(path, { throwIfNoEntry: false })?.size ?? 0;
}
