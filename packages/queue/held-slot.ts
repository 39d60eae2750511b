import { join } from 'node:path';
import type { JournalRest, JournalSegment } from '@terse/core/visits/ports';
import { createDeadSlotSearch, type DeadSlotSearch } from './dead-slot-search.ts';
import { recordsLeft, type Segment } from './journal-segment.ts';
import { type JournalSlot, namesIn, segmentsIn, sizeOf, takeSlot } from './journal-slot.ts';
import { SegmentTable } from './segment-table.ts';

export interface HoldSlotOptions {
  readonly directory: string;
  readonly maxBytes: number;
  readonly onError: (error: unknown) => void;
}

/** Which files of the slot are missing. */
export interface MissingFiles {
  /** Whether the folder is still the one that was locked. */
  readonly isIntact: boolean;
  readonly segments: number;
  /** How many records only those segments had. */
  readonly lost: number;
}

const SEGMENT_BYTES = 1024 * 1024;
/**
 * An open segment of this size is completed as soon as all its records are released, so that a quiet process needs
 * little disk.
 */
const WORTH_LEAVING_BYTES = 64 * 1024;

/** A slot that this process has locked: the segments in it, and the two that are being written. */
export class HeldSlot {
  readonly #slot: JournalSlot;
  readonly #table: SegmentTable;
  readonly #search: DeadSlotSearch;
  readonly #onError: (error: unknown) => void;
  /** Gets records that are in memory, too. */
  #current: Segment | undefined;
  /** Gets records that nobody has in memory. */
  #spilling: Segment | undefined;

  /**
   * Takes a free slot, with what the process before left in it.
   * @throws Error when the folder cannot be written.
   */
  constructor({ directory, maxBytes, onError }: HoldSlotOptions) {
    this.#slot = takeSlot(directory);
    this.#onError = onError;
    this.#table = new SegmentTable(this.path, maxBytes, onError);
    for (const name of segmentsIn(this.path)) this.#table.addFound(name, sizeOf(join(this.path, name)));
    this.#search = createDeadSlotSearch({ directory, table: this.#table, onError });
  }

  get path(): string {
    return this.#slot.path;
  }

  get table(): SegmentTable {
    return this.#table;
  }

  /** @throws Error when the bound is reached or the disk does not take the records. */
  append(lines: Uint8Array, records: number): Segment {
    if (this.#current && this.#current.bytes >= SEGMENT_BYTES) {
      this.#table.complete(this.#current);
      this.#current = undefined;
    }
    this.#current ??= this.#table.make();
    this.#table.write(this.#current, lines, records);
    return this.#current;
  }

  /** @throws Error when the bound is reached or the disk does not take the records. */
  spill(lines: Uint8Array, records: number): void {
    if (this.#spilling && this.#spilling.bytes >= SEGMENT_BYTES) this.#leaveSpilled(this.#spilling);
    this.#spilling ??= this.#table.make();
    this.#table.write(this.#spilling, lines, records);
  }

  /** Takes the oldest segment that nobody has in memory, also the one that is being spilled into. */
  takeOnDiskOnly(): Segment | undefined {
    const found = this.#table.takeOnDiskOnly();
    if (found || !this.#spilling) return found;
    this.#leaveSpilled(this.#spilling);
    return this.#table.takeOnDiskOnly();
  }

  release(released: JournalSegment, count: number): void {
    const segment = this.#table.find(released);
    if (!segment) return;
    this.#table.release(segment, count);
    if (
      segment === this.#current &&
      segment.released === segment.records &&
      segment.bytes >= WORTH_LEAVING_BYTES
    ) {
      this.#current = undefined;
      this.#table.complete(segment);
    }
  }

  /** Looks for segments in slots of dead processes: all of them, or the next few. @returns whether it found some. */
  adopt(how: 'sweep' | 'step'): boolean {
    const before = this.#table.onDiskOnly;
    this.#table.takeUpAgain();
    try {
      this.#search[how]();
    } catch (error) {
      this.#onError(error);
    }
    return this.#table.onDiskOnly > before;
  }

  /** Forgets segments whose files are gone. */
  forgetMissing(): MissingFiles {
    const names = namesIn(this.path);
    const isIntact = names !== undefined && this.#slot.lock.isIntact();
    const { missing, lost } = this.#table.forgetMissing(new Set(names));
    const isMissing = (segment: Segment | undefined) => segment !== undefined && missing.includes(segment);
    const spilled = this.#spilling && isMissing(this.#spilling) ? recordsLeft(this.#spilling) : 0;
    if (isMissing(this.#current)) this.#current = undefined;
    if (isMissing(this.#spilling)) this.#spilling = undefined;
    return { isIntact, segments: missing.length, lost: lost + spilled };
  }

  /** Gives the slot up. The next process that takes it, perhaps this one, finds the segments that are still in it. */
  leave(): void {
    this.#table.forgetAll();
    this.#slot.lock.unlock();
  }

  /** Completes the open segments, and gives the slot up. */
  close(): JournalRest {
    const rest = this.#table.close();
    this.#slot.lock.unlock();
    return rest;
  }

  #leaveSpilled(spilled: Segment): void {
    this.#spilling = undefined;
    this.#table.leaveToDisk(spilled);
  }
}
