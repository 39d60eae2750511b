import { join } from 'node:path';
import type { JournalEvent } from './journal-event.ts';
import { recordsLeft, type Segment } from './journal-segment.ts';
import { createDeadSlotSearch, type DeadSlotSearch } from './dead-slot-search.ts';
import { type JournalSlot, namesIn, segmentsIn, sizeOf, takeSlot } from './journal-slot.ts';
import { isGone, readSegment } from './segment-reader.ts';
import { SegmentTable } from './segment-table.ts';
import type {
  Journal,
  JournalListener,
  JournalRest,
  JournalSegment,
  RestoredRecords,
} from '@terse/core/visits/ports';

export interface FileJournalOptions {
  /** A folder that several processes may be given: each takes a part of it for itself. */
  readonly directory: string;
  /** The most that this process keeps on disk. */
  readonly maxBytes: number;
  readonly onEvent: (event: JournalEvent) => void;
}

const SEGMENT_BYTES = 1024 * 1024;
/**
 * An open segment of this size is left behind as soon as nothing in it is needed, so that a quiet process holds
 * little.
 */
const WORTH_LEAVING_BYTES = 64 * 1024;
/** How much time a power failure or a removed folder may cost; killing the process costs nothing. */
const CHECK_EVERY_MS = 1000;
const LINE_BREAK = Buffer.from('\n');

/**
 * Opens the journal in a slot of the directory that no living process has, with what the processes before left in it.
 * What they left in other free slots is taken over, now and while this process lives.
 * @throws Error when the directory cannot be written.
 */
export function openFileJournal(options: FileJournalOptions): Journal {
  return new FileJournal(options);
}

class FileJournal implements Journal {
  readonly #options: FileJournalOptions;
  readonly #checking: NodeJS.Timeout;
  /** `undefined` while the folder is gone and cannot be made. */
  #slot: JournalSlot | undefined;
  #table: SegmentTable;
  #search: DeadSlotSearch;
  #listener: JournalListener | undefined;
  #current: Segment | undefined;
  #spilling: Segment | undefined;
  /** Whether the last attempt to write succeeded. */
  #protects = true;
  /** Whether records failed to reach the disk since the last check. */
  #hasGap = false;

  constructor(options: FileJournalOptions) {
    this.#options = options;
    this.#slot = takeSlot(options.directory);
    this.#table = this.#openTable(this.#slot);
    this.#search = this.#openSearch();
    this.#search.sweep();
    this.#checking = setInterval(() => this.#check(), CHECK_EVERY_MS).unref();
  }

  append(lines: Uint8Array, records: number): JournalSegment | undefined {
    if (!this.#slot) return undefined;
    try {
      if (this.#current && this.#current.bytes >= SEGMENT_BYTES) {
        this.#table.complete(this.#current);
        this.#current = undefined;
      }
      this.#current ??= this.#makeSegment();
      this.#table.write(this.#current, lines, records);
      this.#protects = true;
      return this.#current;
    } catch (error) {
      this.#couldNotWrite(error);
      return undefined;
    }
  }

  spill(lines: Uint8Array, records: number): boolean {
    if (!this.#slot) return false;
    try {
      if (this.#spilling && this.#spilling.bytes >= SEGMENT_BYTES) this.#leaveSpilled(this.#spilling);
      this.#spilling ??= this.#makeSegment();
      this.#table.write(this.#spilling, lines, records);
      return true;
    } catch (error) {
      this.#couldNotWrite(error);
      return false;
    }
  }

  async restore(): Promise<RestoredRecords | undefined> {
    for (;;) {
      const segment = this.#nextOnDiskOnly();
      if (!segment) return undefined;
      const table = this.#table;
      const records = await readSegment(segment, this.#options);
      if (records === 'later') table.putOff(segment);
      else if (!records) table.forget(segment);
      else table.hasRead(segment, records.length);
      if (Array.isArray(records) && records.length > 0) return { segment, records };
    }
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

  has(segment: JournalSegment): boolean {
    return this.#table.find(segment) !== undefined;
  }

  protects(): boolean {
    return this.#protects && this.#slot !== undefined;
  }

  watch(listener: JournalListener): void {
    this.#listener = listener;
  }

  close(): JournalRest {
    clearInterval(this.#checking);
    // Records whose files are gone must not be reported as left.
    if (this.#slot) this.#forgetWhatIsGone(this.#slot);
    const rest = this.#table.close();
    this.#slot?.lock.unlock();
    this.#slot = undefined;
    return rest;
  }

  #couldNotWrite(error: unknown): void {
    this.#protects = false;
    this.#hasGap = true;
    this.#fail(error);
  }

  #fail(error: unknown): void {
    this.#options.onEvent({ kind: 'failed', error });
  }

  /** Notices a missing folder at once, before the next check would. */
  #makeSegment(): Segment {
    try {
      return this.#table.make();
    } catch (error) {
      if (!this.#slot || !isGone(error)) throw error;
      this.#forgetWhatIsGone(this.#slot);
      if (!this.#slot) throw error;
      return this.#table.make();
    }
  }

  #leaveSpilled(spilled: Segment): void {
    this.#spilling = undefined;
    this.#table.leaveToDisk(spilled);
  }

  #nextOnDiskOnly(): Segment | undefined {
    const found = this.#table.takeOnDiskOnly();
    if (found || !this.#spilling) return found;
    this.#leaveSpilled(this.#spilling);
    return this.#table.takeOnDiskOnly();
  }

  #check(): void {
    if (this.#slot) this.#forgetWhatIsGone(this.#slot);
    else this.#takeSlotAgain();
    // An empty line is no record: it only tests whether the disk accepts writes.
    if (!this.#protects && this.#table.hasRoom) this.append(LINE_BREAK, 0);
    if (this.#hasGap && this.protects()) {
      this.#hasGap = false;
      this.#options.onEvent({ kind: 'protects again', directory: this.#table.directory });
      this.#listener?.onWritable();
    }
    this.#table.sync();
    this.#lookForMore();
  }

  /** Takes over segments of dead processes, and tries unreadable ones again. */
  #lookForMore(): void {
    if (!this.#slot) return;
    const before = this.#table.onDiskOnly;
    this.#table.takeUpAgain();
    try {
      this.#search.step();
    } catch (error) {
      this.#fail(error);
    }
    if (this.#table.onDiskOnly > before) this.#listener?.onFound();
  }

  #forgetWhatIsGone(slot: JournalSlot): void {
    const names = namesIn(slot.path);
    const isIntact = names !== undefined && slot.lock.isIntact();
    const { missing, lost } = this.#table.forgetMissing(new Set(names));
    if (isIntact && missing.length === 0) return;
    const isMissing = (segment: Segment | undefined) => segment !== undefined && missing.includes(segment);
    const spilled = this.#spilling && isMissing(this.#spilling) ? recordsLeft(this.#spilling) : 0;
    if (isMissing(this.#current)) this.#current = undefined;
    if (isMissing(this.#spilling)) this.#spilling = undefined;
    this.#hasGap = true;
    this.#options.onEvent({ kind: 'folder lost', directory: slot.path });
    if (lost + spilled > 0) this.#listener?.onLost(lost + spilled);
    if (!isIntact) this.#leave(slot);
  }

  /** Gives the slot up. Whoever takes it next, perhaps this process, finds the segments that are still in it. */
  #leave(slot: JournalSlot): void {
    this.#table.forgetAll();
    this.#current = undefined;
    this.#spilling = undefined;
    this.#slot = undefined;
    this.#protects = false;
    slot.lock.unlock();
    this.#takeSlotAgain();
  }

  #takeSlotAgain(): void {
    try {
      this.#slot = takeSlot(this.#options.directory);
    } catch (error) {
      this.#fail(error);
      return;
    }
    this.#table = this.#openTable(this.#slot);
    this.#search = this.#openSearch();
    if (this.#table.onDiskOnly > 0) this.#listener?.onFound();
  }

  #openTable(slot: JournalSlot): SegmentTable {
    const table = new SegmentTable(slot.path, this.#options.maxBytes, (error) => this.#fail(error));
    for (const name of segmentsIn(slot.path)) table.addFound(name, sizeOf(join(slot.path, name)));
    return table;
  }

  #openSearch(): DeadSlotSearch {
    return createDeadSlotSearch({
      directory: this.#options.directory,
      table: this.#table,
      onError: (error) => this.#fail(error),
    });
  }
}
