import type { Journal } from '@terse/queue/journal';
import type { Metrics } from './metrics.ts';
import { type FullChunk, restoredChunk } from './visit-chunk.ts';

/** Takes visits up that lie in the journal only, a segment at a time. */
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

  /** Whether nothing is to be taken up, and nothing that was is unpublished. */
  get isIdle(): boolean {
    return (!this.#mayHaveMore || this.#isStopped) && !this.#isReading && this.#unpublished === 0;
  }

  /** There may be more. */
  expect(): void {
    this.#mayHaveMore = true;
  }

  takeUp(): void {
    if (this.#mayHaveMore && !this.#isReading && !this.#isStopped) void this.next();
  }

  /** Called after each publish: tells those who wait for it that all is published. */
  takeStock(): void {
    if (this.isIdle && !this.#mayHaveMore) this.#all.resolve();
  }

  published({ isRestored, count }: FullChunk['chunk']): void {
    if (isRestored) this.#unpublished -= count;
  }

  /** Takes nothing up any more, but for those who ask for what is next. Resolves when nothing is being read. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    await this.#reading;
  }

  /** What is in the next segment, to those who are told of every one, too; `undefined` when there is none. */
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
