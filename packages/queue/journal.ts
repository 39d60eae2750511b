/** Some records of a journal that lie on disk together, and leave it together. */
export interface JournalSegment {
  readonly name: string;
}

export interface RestoredRecords {
  readonly segment: JournalSegment;
  readonly records: readonly string[];
}

/** Told of what happens to a journal beside its calls. */
export interface JournalListener {
  /** There may be records for `restore` again: of a process that ended, or that could not be read a while ago. */
  onFound(): void;
  /** What the caller has in memory, and `has` denies, can be appended again. */
  onWritable(): void;
  /** So many records that only the disk had are gone. */
  onLost(records: number): void;
}

/** What stays on the disk of a journal that is closed. */
export interface JournalRest {
  readonly records: number;
  /** The size of segments that earlier processes left, and that nobody has read since: how many records they have is unknown. */
  readonly unreadBytes: number;
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
   * they are released. `undefined` when there are none. A segment that cannot be read is set aside, and passed over.
   */
  restore(): Promise<RestoredRecords | undefined>;
  /** So many records of the segment need not be kept any longer. */
  release(segment: JournalSegment, records: number): void;
  /** Whether the segment lies on disk still, as far as is known. */
  has(segment: JournalSegment): boolean;
  /** Whether what is appended reaches the disk. */
  protects(): boolean;
  watch(listener: JournalListener): void;
  /** What was not released stays for the next process. */
  close(): JournalRest;
}
