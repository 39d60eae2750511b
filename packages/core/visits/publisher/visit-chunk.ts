import { joinRecords } from '../joined-records.ts';
import type { BuiltMessage } from './message-bytes.ts';
import type { Journal, JournalSegment } from '../ports.ts';

/** Visits of one segment; `segment` is `undefined` when the journal could not take them. */
export interface Kept {
  readonly segment: JournalSegment | undefined;
  readonly count: number;
}

/** Visits that are published together. */
export interface Chunk {
  readonly kept: Kept[];
  count: number;
  /** Whether it was read from the journal. */
  readonly isRestored: boolean;
  published: PromiseWithResolvers<void> | undefined;
}

export interface FullChunk {
  readonly chunk: Chunk;
  readonly message: BuiltMessage;
  /** Set when a publish fails: its message may still be on the way, so its bytes must not be reused. */
  mayStillBeSent: boolean;
  /** Whether the queue or the outbox has it. */
  isDone: boolean;
}

export function restoredChunk(segment: JournalSegment, records: readonly string[]): FullChunk {
  const { length: count } = records;
  return {
    chunk: { kept: [{ segment, count }], count, isRestored: true, published: undefined },
    message: { body: Buffer.from(`[\n${joinRecords(records)}]`), release: () => {} },
    mayStillBeSent: false,
    isDone: false,
  };
}

/** How many of its visits only memory has. */
export function unsavedIn({ kept }: Chunk, journal: Pick<Journal, 'has'> | undefined): number {
  let unsaved = 0;
  for (const { segment, count } of kept) if (!segment || !journal?.has(segment)) unsaved += count;
  return unsaved;
}

/** Writes visits that only memory has to the journal. Returns whether they are there now. */
export function saveAgain({ chunk, message }: FullChunk, journal: Journal): boolean {
  if (unsavedIn(chunk, journal) === 0) return true;
  // Without its brackets, the message is what `append` takes: lines, each after a line break.
  const segment = journal.append(message.body.subarray(1, -1), chunk.count);
  if (!segment) return false;
  for (const { segment: older, count } of chunk.kept) if (older) journal.release(older, count);
  chunk.kept.splice(0, chunk.kept.length, { segment, count: chunk.count });
  return true;
}
