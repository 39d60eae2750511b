import type { ShortCode } from '../links/short-code.ts';
import type { DescribedVisit } from './visit-description.ts';

/** A visit in the report on single visits, without the fields that are only stored. */
export interface VisitView {
  readonly id: string;
  readonly short_code: ShortCode;
  readonly ip: string | null;
  readonly timestamp: Date;
  readonly user_agent: string | null;
  readonly referrer: string | null;
  readonly country: string | null;
  readonly is_bot: boolean;
}

/** How many visits are new: of links, and of codes that never were one. */
export interface Inserted {
  readonly stored: number;
  readonly orphans: number;
}

/** Writes visits and their rollup deltas together, so that the two never disagree. */
export interface VisitRepository {
  /**
   * Stores the visits that are not stored yet, and the rollup deltas of only these, in one statement. Visits of codes
   * that never were a link are stored apart, and are in no rollup.
   * @throws ContentRefusedError when the database refuses one of them; then none is stored.
   */
  insert(visits: readonly DescribedVisit[]): Promise<Inserted>;
  /** Single visits, newest first; `before` is the id of the last one seen. */
  latest(code: ShortCode, limit: number, before?: string): Promise<VisitView[]>;
  /**
   * Makes the partitions from yesterday to a week ahead, unless another process does or a backup is being taken. Visits
   * of other days go to the default partition.
   */
  preparePartitions(today: Date): Promise<void>;
}

/** Sends messages to the queue of visits. */
export interface Publisher {
  /**
   * Resolves once the queue has the message safely, so that it survives this process. Rejects when that is not certain.
   * The body is text, or UTF-8 bytes that the caller does not change until then.
   */
  publish(body: string | Buffer): Promise<void>;
}

/** A message as it lies in the queue. */
export interface Message {
  readonly body: string;
  /** The headers that a foreign publisher sent; Terse sends none. Plain JSON, and bounded in size. */
  readonly headers?: Record<string, unknown> | undefined;
}

/** A message that this subscriber has until it is acknowledged or the subscription ends. */
export interface Delivery extends Message {
  /** Tells the queue to forget the message, because it was dealt with. */
  acknowledge(): void;
}

/** Postpones messages that only a later release can read. */
export interface Postponer {
  /**
   * Delivers the messages again after a while, to any subscriber, without blocking those behind them.
   * Resolves once the queue has them safely, so that their deliveries may be acknowledged.
   */
  postpone(messages: readonly Message[]): Promise<void>;
}

export interface Subscription {
  /** Takes no more messages. Unacknowledged ones are delivered again, to any subscriber. */
  close(): Promise<void>;
}

/** Receives messages from the queue of visits. */
export interface Subscriber {
  /** `prefetch` bounds how many deliveries are unacknowledged at once. */
  subscribe(prefetch: number, onDelivery: (delivery: Delivery) => void): Subscription;
}

/** How far behind the subscribers are. */
export interface Backlog {
  /** How many messages no subscriber has now, postponed ones among them. Rejects when the queue does not say. */
  waiting(): Promise<number>;
  /** How many dead letters there are. Rejects when the queue does not say. */
  dead(): Promise<number>;
  /** How many deliveries this process holds unacknowledged. */
  unacknowledged(): number;
}

/** A message, or a part of one, that could not be stored; a person looks at it. */
export interface DeadLetter extends Message {
  readonly reason: string;
}

export interface DeadLetters {
  /** Resolves once the queue has them safely. */
  add(letters: readonly DeadLetter[]): Promise<void>;
}

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
  /** The disk takes records again. The caller can append those in memory whose segment is gone by `has`. */
  onWritable(): void;
  /** So many records that only the disk had are lost. */
  onLost(records: number): void;
}

/** What stays on the disk of a closed journal. */
export interface JournalRest {
  readonly records: number;
  /** The size of unread segments from earlier processes, whose number of records is unknown. */
  readonly unreadBytes: number;
}

/**
 * Keeps records on the disk of this machine until the queue has them, so that they outlive the process. Nothing here
 * waits and nothing throws: a disk that fails or is full is reported, and the caller decides what to do without it.
 */
export interface Journal {
  /**
   * Writes records that the caller keeps in memory too, as lines of NDJSON; `undefined` when they could not be
   * written.
   */
  append(lines: Uint8Array, records: number): JournalSegment | undefined;
  /** Writes records for which the caller has no room; returns whether it could. `restore` gives them back. */
  spill(lines: Uint8Array, records: number): boolean;
  /**
   * Gives the oldest records that nobody has in memory: of a process that was killed, or spilled. They stay on disk
   * until they are released. `undefined` when there are none. A segment that cannot be read is set aside, and passed
   * over.
   */
  restore(): Promise<RestoredRecords | undefined>;
  /** Releases so many records of the segment: the caller no longer needs them on disk. */
  release(segment: JournalSegment, records: number): void;
  /** Whether the segment is still on disk, as far as is known; after `close`, whether it stays there. */
  has(segment: JournalSegment): boolean;
  /** Whether appended records reach the disk. */
  protects(): boolean;
  watch(listener: JournalListener): void;
  /** Closes the journal. Records that were not released stay for the next process. */
  close(): JournalRest;
}

export interface OverflowMessage {
  readonly id: string;
  readonly body: string;
}

/**
 * Keeps messages that the queue did not take, for functions without a disk, or with one that may be lost with them. It
 * is shared: one process fills it, and another may drain it. A message may come out twice, so handling it twice must
 * be safe.
 */
export interface OverflowQueue {
  /** Resolves once the message is stored. Rejects when that is not certain, or when the overflow queue is full. */
  add(body: string): Promise<void>;
  /** The oldest messages, which stay until they are removed. */
  peek(limit: number): Promise<readonly OverflowMessage[]>;
  /** Removes messages that the queue has taken, and passes over those that are gone already. */
  remove(ids: readonly string[]): Promise<void>;
}
