import type { Metrics } from '../../metrics.ts';
import type { Journal } from '../ports.ts';
import { type OutgoingMessage, replayedMessage, VISITS_PER_MESSAGE } from './outgoing-message.ts';

export interface JournalReplayOptions {
  readonly journal: Pick<Journal, 'restore'> | undefined;
  readonly metrics: Pick<Metrics, 'visitsRestored'>;
  /** Takes the messages of a segment; an empty array when there was no segment. */
  readonly onRead: (messages: readonly OutgoingMessage[]) => void;
}

/** Reads visits that only the journal has, a segment at a time. */
export class JournalReplay {
  readonly #options: JournalReplayOptions;
  readonly #all = Promise.withResolvers<void>();
  /** Whether the journal may have visits that are not in memory. */
  #mayHaveMore: boolean;
  #isReading = false;
  #reading: Promise<unknown> = Promise.resolve();
  #unpublished = 0;
  #isStopped = false;

  constructor(options: JournalReplayOptions) {
    this.#options = options;
    this.#mayHaveMore = options.journal !== undefined;
  }

  /** Resolves when the visits that earlier processes left are published. */
  get all(): Promise<void> {
    return this.#all.promise;
  }

  /** Whether there is nothing to read, and everything that was read is published. */
  get isIdle(): boolean {
    return (!this.#mayHaveMore || this.#isStopped) && !this.#isReading && this.#unpublished === 0;
  }

  /** Called when the journal may have more. */
  expect(): void {
    this.#mayHaveMore = true;
  }

  /** Reads the next segment in the background, unless one is being read. */
  resume(): void {
    if (this.#mayHaveMore && !this.#isReading && !this.#isStopped) void this.next();
  }

  published({ isReplayed, count }: OutgoingMessage): void {
    if (isReplayed) this.#unpublished -= count;
  }

  /** Runs after each publish: resolves `all` once everything is published. */
  checkDone(): void {
    if (this.isIdle && !this.#mayHaveMore) this.#all.resolve();
  }

  /** Stops reading, except through `next`. Resolves when no read is under way. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    await this.#reading;
  }

  /** Reads the next segment; `undefined` when there is none. */
  next(): Promise<readonly OutgoingMessage[] | undefined> {
    const reading = this.#isReading ? this.#reading.then(() => this.#read()) : this.#read();
    this.#reading = reading;
    return reading;
  }

  async #read(): Promise<readonly OutgoingMessage[] | undefined> {
    this.#isReading = true;
    this.#mayHaveMore = false;
    const found = await this.#options.journal?.restore();
    this.#isReading = false;
    if (!found) {
      this.#options.onRead([]);
      return undefined;
    }
    const { segment, records } = found;
    this.#mayHaveMore = true;
    this.#unpublished += records.length;
    this.#options.metrics.visitsRestored(records.length);
    const messages: OutgoingMessage[] = [];
    for (let start = 0; start < records.length; start += VISITS_PER_MESSAGE) {
      messages.push(replayedMessage(segment, records.slice(start, start + VISITS_PER_MESSAGE)));
    }
    this.#options.onRead(messages);
    return messages;
  }
}
