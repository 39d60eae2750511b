import type { Metrics } from '../../metrics.ts';
import { type FullChunk, restoredChunk } from './visit-chunk.ts';
import type { Journal } from '../ports.ts';

/** Reads visits that are in the journal only, a segment at a time. */
export class VisitRestorer {
  readonly #journal: Journal | undefined;
  readonly #metrics: Pick<Metrics, 'visitsRestored'>;
  readonly #onRestored: (chunks: readonly FullChunk[]) => void;
  readonly #all = Promise.withResolvers<void>();
  /** Whether the journal may have visits that are not in memory. */
  #mayHaveMore: boolean;
  #isReading = false;
  #reading: Promise<unknown> = Promise.resolve();
  #unpublished = 0;
  #isStopped = false;

  constructor(
    journal: Journal | undefined,
    metrics: Pick<Metrics, 'visitsRestored'>,
    onRestored: (chunks: readonly FullChunk[]) => void,
  ) {
    this.#journal = journal;
    this.#metrics = metrics;
    this.#onRestored = onRestored;
    this.#mayHaveMore = journal !== undefined;
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

  takeUp(): void {
    if (this.#mayHaveMore && !this.#isReading && !this.#isStopped) void this.next();
  }

  /** Runs after each publish: resolves `all` once everything is published. */
  takeStock(): void {
    if (this.isIdle && !this.#mayHaveMore) this.#all.resolve();
  }

  published({ isRestored, count }: FullChunk['chunk']): void {
    if (isRestored) this.#unpublished -= count;
  }

  /** Stops reading, except through `next`. Resolves when no read is under way. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    await this.#reading;
  }

  /** Reads the next segment; `undefined` when there is none. */
  next(): Promise<readonly FullChunk[] | undefined> {
    const reading = this.#isReading ? this.#reading.then(() => this.#read()) : this.#read();
    this.#reading = reading;
    return reading;
  }

  async #read(): Promise<readonly FullChunk[] | undefined> {
    this.#isReading = true;
    this.#mayHaveMore = false;
    const found = await this.#journal?.restore();
    this.#isReading = false;
    if (found) {
      this.#mayHaveMore = true;
      this.#unpublished += found.records.length;
      this.#metrics.visitsRestored(found.records.length);
    }
    const chunks = found && chunksOf(found.records, (some) => restoredChunk(found.segment, some));
    this.#onRestored(chunks ?? []);
    return chunks;
  }
}

export const VISITS_PER_MESSAGE = 256;

function chunksOf<T>(records: readonly string[], make: (some: readonly string[]) => T): T[] {
  const chunks: T[] = [];
  for (let start = 0; start < records.length; start += VISITS_PER_MESSAGE) {
    chunks.push(make(records.slice(start, start + VISITS_PER_MESSAGE)));
  }
  return chunks;
}
