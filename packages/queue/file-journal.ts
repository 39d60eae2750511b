import type {
  Journal,
  JournalListener,
  JournalRest,
  JournalSegment,
  RestoredRecords,
} from '@terse/core/visits/ports';
import { HeldSlot } from './held-slot.ts';
import type { JournalEvent } from './journal-event.ts';
import { isGone, readSegment } from './segment-reader.ts';

export interface FileJournalOptions {
  /** A folder that several processes may share: each locks a slot in it. */
  readonly directory: string;
  /** The most bytes that this process has on disk. */
  readonly maxBytes: number;
  readonly onEvent: (event: JournalEvent) => void;
}

/** A power failure or a removed folder may cost the visits of this time; a killed process costs none. */
const CHECK_EVERY_MS = 1000;
const LINE_BREAK = Buffer.from('\n');

/**
 * Opens the journal in a slot of the directory that no living process holds, with the segments that earlier processes
 * left in it. It adopts the segments of other free slots, now and while this process lives.
 *
 * | state        | records          | becomes                                                             |
 * | ------------ | ---------------- | ------------------------------------------------------------------- |
 * | protecting   | reach the disk   | failing at a failed write; without a slot where its folder is gone  |
 * | failing      | may not reach it | protecting at the next write; a check tries one each second         |
 * | without slot | do not reach it  | protecting with another slot; a check tries to take one each second |
 *
 * @throws Error when the directory cannot be written.
 */
export function openFileJournal(options: FileJournalOptions): Journal {
  return new FileJournal(options);
}

class FileJournal implements Journal {
  readonly #options: FileJournalOptions;
  readonly #checking: NodeJS.Timeout;
  /** `undefined` while the folder is gone and cannot be made. */
  #held: HeldSlot | undefined;
  /** The slot that was held when the journal was closed. */
  #left: HeldSlot | undefined;
  #listener: JournalListener | undefined;
  /** Whether the last attempt to write succeeded. */
  #protects = true;
  /** Whether records failed to reach the disk since the last check. */
  #hasGap = false;

  constructor(options: FileJournalOptions) {
    this.#options = options;
    this.#held = this.#holdSlot();
    this.#held.adopt('sweep');
    this.#checking = setInterval(() => this.#check(), CHECK_EVERY_MS).unref();
  }

  append(lines: Uint8Array, records: number): JournalSegment | undefined {
    const held = this.#held;
    if (!held) return undefined;
    try {
      const segment = held.append(lines, records);
      this.#protects = true;
      return segment;
    } catch (error) {
      if (this.#hasMovedFrom(held, error)) return this.append(lines, records);
      this.#couldNotWrite(error);
      return undefined;
    }
  }

  spill(lines: Uint8Array, records: number): boolean {
    const held = this.#held;
    if (!held) return false;
    try {
      held.spill(lines, records);
      return true;
    } catch (error) {
      if (this.#hasMovedFrom(held, error)) return this.spill(lines, records);
      this.#couldNotWrite(error);
      return false;
    }
  }

  async restore(): Promise<RestoredRecords | undefined> {
    for (;;) {
      const table = this.#held?.table;
      const segment = this.#held?.takeOnDiskOnly();
      if (!table || !segment) return undefined;
      const records = await readSegment(segment, this.#options);
      if (records === 'later') table.putOff(segment);
      else if (!records) table.forget(segment);
      else table.hasRead(segment, records.length);
      if (Array.isArray(records) && records.length > 0) return { segment, records };
    }
  }

  release(segment: JournalSegment, count: number): void {
    this.#held?.release(segment, count);
  }

  has(segment: JournalSegment): boolean {
    return (this.#held ?? this.#left)?.table.find(segment) !== undefined;
  }

  protects(): boolean {
    return this.#protects && this.#held !== undefined;
  }

  watch(listener: JournalListener): void {
    this.#listener = listener;
  }

  close(): JournalRest {
    clearInterval(this.#checking);
    // Records whose files are gone must not be reported as left.
    if (this.#held) this.#forgetMissing(this.#held);
    const rest = this.#held?.close() ?? { records: 0, unreadBytes: 0 };
    this.#left = this.#held;
    this.#held = undefined;
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

  /** Notices a missing folder at once, before the next check would. @returns whether another slot was taken. */
  #hasMovedFrom(held: HeldSlot, error: unknown): boolean {
    if (!isGone(error)) return false;
    this.#forgetMissing(held);
    return this.#held !== undefined && this.#held !== held;
  }

  #check(): void {
    if (this.#held) this.#forgetMissing(this.#held);
    else this.#takeSlotAgain();
    // An empty line is no record: it only tests whether the disk accepts writes.
    if (!this.#protects && this.#held?.table.hasRoom) this.append(LINE_BREAK, 0);
    const held = this.#held;
    if (!held) return;
    if (this.#hasGap && this.#protects) {
      this.#hasGap = false;
      this.#options.onEvent({ kind: 'protects again', directory: held.path });
      this.#listener?.onWritable();
    }
    held.table.sync();
    if (held.adopt('step')) this.#listener?.onFound();
  }

  #forgetMissing(held: HeldSlot): void {
    const { isIntact, segments, lost } = held.forgetMissing();
    if (isIntact && segments === 0) return;
    this.#hasGap = true;
    this.#options.onEvent({ kind: 'folder lost', directory: held.path });
    if (lost > 0) this.#listener?.onLost(lost);
    if (isIntact) return;
    this.#held = undefined;
    this.#protects = false;
    held.leave();
    this.#takeSlotAgain();
  }

  #takeSlotAgain(): void {
    try {
      this.#held = this.#holdSlot();
    } catch (error) {
      this.#fail(error);
      return;
    }
    if (this.#held.table.onDiskOnly > 0) this.#listener?.onFound();
  }

  #holdSlot(): HeldSlot {
    const { directory, maxBytes } = this.#options;
    return new HeldSlot({ directory, maxBytes, onError: (error) => this.#fail(error) });
  }
}
