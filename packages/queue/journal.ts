/** Some records of a journal that lie on disk together, and leave it together. */
export interface JournalSegment {
  readonly name: string;
}

export interface RestoredRecords {
  readonly segment: JournalSegment;
  readonly records: readonly string[];
}

/** Receives events of a journal that no call causes. */
export interface JournalListener {
  /** `restore` may have records again, from a dead process or a segment that could not be read before. */
  onFound(): void;
  /** The caller can append again what it has in memory and `has` denies. */
  onWritable(): void;
  /** Records that only the disk had are gone; their number. */
  onLost(records: number): void;
}

/** What stays on the disk of a closed journal. */
export interface JournalRest {
  readonly records: number;
  /** The size of unread segments from earlier processes, whose number of records is unknown. */
  readonly unreadBytes: number;
}

/**
 * Keeps records on the disk of this machine until the queue answers for them, so that they outlive the process.
 * Nothing here waits and nothing throws: a disk that fails or is full is reported, and the caller decides what to do
 * without it.
 */
export interface Journal {
  /**
   * Writes joined records, with a line break before them, that the caller keeps in memory, too; `undefined` when they
   * could not be written.
   */
  append(lines: Uint8Array, records: number): JournalSegment | undefined;
  /** The same of records for which the caller has no room; whether they could be written. `restore` gives them back. */
  spill(lines: Uint8Array, records: number): boolean;
  /**
   * Gives the oldest records that nobody has in memory: of a process that was killed, or spilled. They stay on disk
   * until they are released. `undefined` when there are none. A segment that cannot be read is set aside, and passed
   * over.
   */
  restore(): Promise<RestoredRecords | undefined>;
  /** So many records of the segment need not be kept any longer. */
  release(segment: JournalSegment, records: number): void;
  /** Whether the segment is still on disk, as far as is known. */
  has(segment: JournalSegment): boolean;
  /** Whether appended records reach the disk. */
  protects(): boolean;
  watch(listener: JournalListener): void;
  /** What was not released stays for the next process. */
  close(): JournalRest;
}
