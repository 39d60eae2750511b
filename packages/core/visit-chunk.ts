import type { Journal, JournalSegment } from '@terse/queue/journal';
import { joinRecords } from './joined-records.ts';
import type { BuiltMessage } from './message-builder.ts';

/** Visits that the journal has, too, or that it could not take. */
export interface Kept {
  readonly segment: JournalSegment | undefined;
  readonly count: number;
}

/** Visits that are published together. */
export interface Chunk {
  readonly kept: Kept[];
  count: number;
  /** Taken up from the journal. */
  readonly isRestored: boolean;
  published: PromiseWithResolvers<void> | undefined;
}

export interface FullChunk {
  readonly chunk: Chunk;
  readonly message: BuiltMessage;
  /** After a publish that failed nobody knows whether its message is still being sent: its bytes must stay as they are. */
  mayStillBeSent: boolean;
  /** The queue or the outbox has it. */
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

/** Writes visits that only memory has to the journal. Whether they are there now. */
export function saveAgain({ chunk, message }: FullChunk, journal: Journal): boolean {
  if (unsavedIn(chunk, journal) === 0) return true;
  // Between the brackets stands what the journal is given of a chunk that is still open: lines with a break before each.
  const segment = journal.append(message.body.subarray(1, -1), chunk.count);
  if (!segment) return false;
  for (const { segment: older, count } of chunk.kept) if (older) journal.release(older, count);
  chunk.kept.splice(0, chunk.kept.length, { segment, count: chunk.count });
  return true;
}
