import {
  closeFile,
  foundSegment,
  makeSegment,
  recordsLeft,
  removeFile,
  type Segment,
  segmentName,
  segmentNumber,
  syncFile,
  writeTo,
} from './journal-segment.ts';
import type { JournalSegment } from '@terse/core/visits/ports';

/** Numbers above come from foreign files and are not continued, because no safe numbers would be left. */
const MAX_NUMBER = 10 ** 14;

/** The segments of one slot: their sizes, and when each may be removed. */
export class SegmentTable {
  readonly directory: string;
  readonly #maxBytes: number;
  readonly #onError: (error: unknown) => void;
  readonly #segments = new Map<JournalSegment, Segment>();
  /** Segments whose records nobody has in memory, the oldest first. */
  readonly #onDiskOnly: Segment[] = [];
  /** Segments that cannot be read just now. */
  #putOff: Segment[] = [];
  #bytes = 0;
  #nextNumber = 1;

  constructor(directory: string, maxBytes: number, onError: (error: unknown) => void) {
    this.directory = directory;
    this.#maxBytes = maxBytes;
    this.#onError = onError;
  }

  /** Adds a file that is already in the slot. */
  addFound(name: string, bytes: number): void {
    const segment = foundSegment(this.directory, name, bytes);
    this.#segments.set(segment, segment);
    this.#onDiskOnly.push(segment);
    this.#bytes += bytes;
    const number = segmentNumber(name);
    if (number <= MAX_NUMBER) this.#nextNumber = Math.max(this.#nextNumber, number + 1);
  }

  /** Whether more than a visit or two can be written before the bound is reached. */
  get hasRoom(): boolean {
    return this.#bytes <= this.#maxBytes * 0.9;
  }

  /** How many segments nobody has in memory. */
  get onDiskOnly(): number {
    return this.#onDiskOnly.length;
  }

  /**
   * A name for a segment of this size from another slot; `undefined` when there is no room. Found segments may take
   * half of the bound, because new visits need the rest; a single one is always taken.
   */
  nameForAdopted(bytes: number): string | undefined {
    const found = this.#onDiskOnly.reduce((sum, segment) => sum + segment.bytes, 0);
    if (found > 0 && this.#bytes + bytes > this.#maxBytes / 2) return undefined;
    return segmentName(this.#nextNumber++);
  }

  /** @throws Error when the file cannot be made. */
  make(): Segment {
    const segment = makeSegment(this.directory, this.#nextNumber++);
    this.#segments.set(segment, segment);
    return segment;
  }

  /** @throws Error when the bound is reached or the disk does not take the records. */
  write(segment: Segment, lines: Uint8Array, records: number): void {
    if (this.#bytes + lines.length > this.#maxBytes) throw new Error('The journal is full.');
    const before = segment.bytes;
    try {
      writeTo(segment, lines, records);
    } finally {
      this.#bytes += segment.bytes - before;
    }
  }

  /** Ends the segment: it gets no more records. */
  complete(segment: Segment): void {
    segment.complete = true;
    if (segment.syncedBytes === segment.bytes) closeFile(segment);
    this.#removeIfReleased(segment);
  }

  /** Completes a segment whose records nobody has in memory. */
  leaveToDisk(segment: Segment): void {
    this.complete(segment);
    if (this.#segments.has(segment)) this.#onDiskOnly.push(segment);
  }

  /** Removes and returns the oldest segment that nobody has in memory. */
  takeOnDiskOnly(): Segment | undefined {
    return this.#onDiskOnly.shift();
  }

  putOff(segment: Segment): void {
    this.#putOff.push(segment);
  }

  takeUpAgain(): void {
    const again = this.#putOff.filter((segment) => this.#segments.has(segment));
    this.#putOff = [];
    this.#onDiskOnly.push(...again);
  }

  /** Notes that its records were read. */
  hasRead(segment: Segment, records: number): void {
    segment.records = records;
    this.#removeIfReleased(segment);
  }

  find(segment: JournalSegment): Segment | undefined {
    return this.#segments.get(segment);
  }

  release(segment: Segment, records: number): void {
    segment.released += records;
    this.#removeIfReleased(segment);
  }

  /** Drops it from the table; its file stays as it is. */
  forget(segment: Segment): void {
    if (!this.#segments.delete(segment)) return;
    closeFile(segment);
    this.#bytes -= segment.bytes;
  }

  /** Forgets segments whose files are not among `names`. Returns them, and how many records only they had. */
  forgetMissing(names: ReadonlySet<string>): { missing: Segment[]; lost: number } {
    const missing = this.#segments
      .values()
      .filter(({ name }) => !names.has(name))
      .toArray();
    let lost = 0;
    for (const segment of missing) {
      this.forget(segment);
      const index = this.#onDiskOnly.indexOf(segment);
      if (index === -1) continue;
      this.#onDiskOnly.splice(index, 1);
      lost += recordsLeft(segment);
    }
    return { missing, lost };
  }

  forgetAll(): void {
    for (const segment of this.#segments.values()) this.forget(segment);
    this.#onDiskOnly.length = 0;
  }

  /** Syncs in the background. Most segments are removed before, and cost the disk nothing. */
  sync(): void {
    for (const segment of this.#segments.values()) this.#sync(segment);
  }

  /** Completes and syncs all segments. Returns what stays on the disk. */
  close(): { records: number; unreadBytes: number } {
    const rest = { records: 0, unreadBytes: 0 };
    for (const segment of this.#segments.values()) {
      if (!segment.complete) this.complete(segment);
      if (segment.records === undefined) rest.unreadBytes += segment.bytes;
      else rest.records += recordsLeft(segment);
      this.#sync(segment);
    }
    return rest;
  }

  #sync(segment: Segment): void {
    syncFile(segment, (error) => {
      if (error) this.#onError(error);
      else if (segment.complete && segment.syncedBytes === segment.bytes) closeFile(segment);
    });
  }

  #removeIfReleased(segment: Segment): void {
    if (!segment.complete || segment.records === undefined || segment.released < segment.records) return;
    if (!this.#segments.has(segment)) return;
    this.forget(segment);
    try {
      removeFile(segment);
    } catch (error) {
      this.#onError(error);
    }
  }
}
