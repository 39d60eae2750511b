import type { Clock } from '@terse/platform/clock';
import type { Metrics } from '../../metrics.ts';
import type { Journal, OverflowQueue, Publisher } from '../ports.ts';
import { linesOf } from '../visit-lines.ts';
import { moveToOverflow, type Unanswered } from './move-to-overflow.ts';
import { JournalReplay } from './journal-replay.ts';
import { MessageBuffer } from './message-buffer.ts';
import { type OutgoingMessage, saveAgain, unsavedIn } from './outgoing-message.ts';
import { PublishWindow } from './publish-window.ts';

/**
 * Publishes encoded visits. A visit goes to the journal first, and then into memory, which is bounded.
 *
 * | a message is | which means                                       | until                                        |
 * | ------------ | ------------------------------------------------- | -------------------------------------------- |
 * | open         | gathers visits (`message-buffer.ts`)              | 256 visits, full bytes, or `coalesceMs`      |
 * | waiting      | is complete (`publish-window.ts`)                 | fewer than 64 are in flight                  |
 * | in flight    | is published, again and again                     | the queue or the overflow queue has it       |
 * | done         | is released in the journal and forgotten          |                                              |
 *
 * Visits without room in memory are in the journal only. Replay (`journal-replay.ts`) makes waiting messages of them,
 * and of visits that earlier processes left, while memory is less than half full.
 *
 * When the process stops, messages that the queue has not taken go to the overflow queue, also those in the journal,
 * whose disk may be lost. Without a journal, the overflow queue takes at once what the queue does not.
 */
export interface VisitPublisher {
  /** Takes visits, and returns how many: the last ones are left out when neither memory nor disk has room for them. */
  offer(records: readonly string[]): number;
  /** Resolves when the queue or the overflow queue has the visit that was offered last, or when it is on disk only. */
  published(): Promise<void>;
  /** Resolves when the visits that earlier processes left in the journal are published. */
  restored(): Promise<void>;
  /** Resolves when nothing is in memory and nothing is being read from the journal. */
  drained(): Promise<void>;
  /** Stops reading from the journal. */
  stopRestoring(): Promise<void>;
  /** Moves what the queue has not taken to the overflow queue, if there is one, until all is there or time is up. */
  moveToOverflow(isOver: () => boolean): Promise<void>;
  /** How many visits are in memory. */
  buffered(): number;
  /** How many visits are in memory only: not in the journal, the queue or the overflow queue. */
  unsaved(): number;
}

export interface VisitPublisherOptions {
  readonly publisher: Publisher;
  readonly journal?: Journal | undefined;
  /** Takes messages that the queue does not: at once without a journal, otherwise when the process stops. */
  readonly overflow?: Pick<OverflowQueue, 'add'> | undefined;
  readonly clock: Clock;
  readonly metrics: Pick<Metrics, 'visitsRestored' | 'visitsDropped' | 'publishFailed' | 'overflowed'>;
  /** The most visits that may be in memory at once. */
  readonly maxBuffered: number;
  /** How long a visit waits for others to be published with, in milliseconds. */
  readonly coalesceMs: number;
}

export function createVisitPublisher(options: VisitPublisherOptions): VisitPublisher {
  return new JournaledPublisher(options);
}

class JournaledPublisher implements VisitPublisher {
  readonly #options: VisitPublisherOptions;
  readonly #buffer: MessageBuffer;
  readonly #window: PublishWindow;
  readonly #replay: JournalReplay;
  #buffered = 0;
  /** The message with the visit that was offered last; `undefined` when nobody needs to wait for it. */
  #newest: OutgoingMessage | undefined;
  #onDrained: (() => void) | undefined;

  constructor(options: VisitPublisherOptions) {
    const { journal, overflow, coalesceMs, metrics } = options;
    this.#options = options;
    this.#window = new PublishWindow({
      ...options,
      fallBack: journal ? undefined : overflow,
      onDone: (message) => this.#forget(message),
    });
    this.#buffer = new MessageBuffer({
      journal,
      coalesceMs,
      onComplete: (message) => this.#window.push(message),
    });
    this.#replay = new JournalReplay({
      journal,
      metrics,
      onRead: (messages) => this.#takeReplayed(messages),
    });
    journal?.watch({
      onFound: () => {
        this.#replay.expect();
        this.#checkProgress();
      },
      onWritable: () => this.#saveUnsaved(journal),
      onLost: (visits) => metrics.visitsDropped('journal_lost', visits),
    });
    this.#checkProgress();
  }

  offer(records: readonly string[]): number {
    const { journal, maxBuffered } = this.#options;
    const room = Math.max(maxBuffered - this.#buffered, 0);
    if (records.length <= room) {
      this.#keep(records);
      return records.length;
    }
    if (room > 0) this.#keep(records.slice(0, room));
    this.#newest = undefined;
    const rest = records.slice(room);
    if (!journal?.spill(Buffer.from(linesOf(rest)), rest.length)) return room;
    this.#replay.expect();
    return records.length;
  }

  async published(): Promise<void> {
    const newest = this.#newest;
    if (newest) await (newest.done ??= Promise.withResolvers()).promise;
  }

  restored(): Promise<void> {
    return this.#replay.all;
  }

  drained(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#onDrained = resolve;
    this.#buffer.complete();
    this.#checkProgress();
    return promise;
  }

  stopRestoring(): Promise<void> {
    return this.#replay.stop();
  }

  async moveToOverflow(isOver: () => boolean): Promise<void> {
    const { overflow, clock } = this.#options;
    if (overflow) await moveToOverflow({ overflow, clock, messages: this.#unanswered(), isOver });
  }

  buffered(): number {
    return this.#buffered;
  }

  unsaved(): number {
    const { journal } = this.#options;
    let unsaved = this.#buffer.open ? unsavedIn(this.#buffer.open, journal) : 0;
    for (const message of this.#complete()) unsaved += unsavedIn(message, journal);
    return unsaved;
  }

  #keep(records: readonly string[]): void {
    // Counted first: a message that is complete may be done before `add` returns.
    this.#buffered += records.length;
    const message = this.#buffer.add(records);
    this.#newest = message.isDone ? undefined : message;
  }

  #takeReplayed(messages: readonly OutgoingMessage[]): void {
    for (const { count } of messages) this.#buffered += count;
    this.#window.push(...messages);
    this.#checkProgress();
  }

  /** Runs once for each message, when the queue or the overflow queue has it. */
  #forget(message: OutgoingMessage): void {
    for (const { segment, count } of message.visits) {
      if (segment) this.#options.journal?.release(segment, count);
    }
    this.#replay.published(message);
    this.#buffered -= message.count;
    if (this.#newest === message) this.#newest = undefined;
    this.#checkProgress();
  }

  /** Runs after each publish: resumes replay, and resolves waiters. */
  #checkProgress(): void {
    if (this.#buffered < this.#options.maxBuffered / 2) this.#replay.resume();
    this.#replay.checkDone();
    if (this.#buffered === 0 && this.#replay.isIdle) this.#onDrained?.();
  }

  #saveUnsaved(journal: Journal): void {
    const { open } = this.#buffer;
    if (open && unsavedIn(open, journal) > 0) this.#buffer.complete();
    for (const message of this.#complete()) if (!message.isDone && !saveAgain(message, journal)) return;
  }

  *#complete(): Generator<OutgoingMessage> {
    yield* this.#window.waiting;
    yield* this.#window.inFlight;
  }

  /** Yields the newest first, because the queue gets the oldest meanwhile; messages in flight come last. */
  async *#unanswered(): AsyncGenerator<Unanswered, void> {
    this.#buffer.complete();
    const inMemory = [...this.#window.waiting.toReversed(), ...this.#window.inFlight];
    yield* inMemory.map((message) => this.#toUnanswered(message));
    for (;;) {
      const replayed = await this.#replay.next();
      if (!replayed) return;
      yield* replayed.map((message) => this.#toUnanswered(message));
    }
  }

  #toUnanswered(message: OutgoingMessage): Unanswered {
    return {
      body: message.bytes?.body ?? '',
      isDone: () => message.isDone,
      done: () => {
        this.#options.metrics.overflowed();
        message.mayStillBeSent = true;
        this.#window.finish(message);
      },
    };
  }
}
