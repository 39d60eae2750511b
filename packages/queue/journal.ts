/** Some records of a journal that lie on disk together, and leave it together. */
export interface JournalSegment {
  readonly name: string;
}

export interface RestoredRecords {
  readonly segment: JournalSegment;
  readonly records: readonly string[];
}

/**
 * Keeps records on the disk of this machine until the queue answers for them, so that they outlive the process. Nothing
 * here waits and nothing throws: a disk that fails or is full is reported, and the caller decides what to do without it.
 */
export interface Journal {
  /**
   * Writes joined records, with a line break before them, that the caller keeps in memory, too; `undefined` when they could
   * not be written.
   */
  append(lines: Uint8Array, records: number): JournalSegment | undefined;
  /** The same of records for which the caller has no room; whether they could be written. `restore` gives them back. */
  spill(lines: Uint8Array, records: number): boolean;
  /**
   * Gives the oldest records that nobody has in memory: of a process that was killed, or spilled. They stay on disk until
   * they are released. `undefined` when there are none.
   */
  restore(): Promise<RestoredRecords | undefined>;
  /** So many records of the segment need not be kept any longer. */
  release(segment: JournalSegment, records: number): void;
  /** What was not released stays for the next process. */
  close(): void;
}
