import type { Journal, JournalSegment } from '../ports.ts';
import { linesOf } from '../visit-lines.ts';
import type { MessageBytes } from './message-bytes.ts';

/** How many visits are published together. */
export const VISITS_PER_MESSAGE = 256;

/** Visits that the journal took in one call; `segment` is `undefined` when it could not take them. */
export interface JournaledVisits {
  readonly segment: JournalSegment | undefined;
  readonly count: number;
}

/** Visits on their way to the queue. `visit-publisher.ts` lists the states of a message. */
export interface OutgoingMessage {
  readonly visits: JournaledVisits[];
  count: number;
  /** Set when the message is complete. */
  bytes: MessageBytes | undefined;
  /** Whether it was read from the journal. */
  readonly isReplayed: boolean;
  /** Set when a publish fails: the message may still be on its way, so its bytes must not be reused. */
  mayStillBeSent: boolean;
  /** Whether the queue or the overflow queue has it. */
  isDone: boolean;
  /** Made when a response waits for the message. */
  done: PromiseWithResolvers<void> | undefined;
}

export function openMessage(): OutgoingMessage {
  return {
    visits: [],
    count: 0,
    bytes: undefined,
    isReplayed: false,
    mayStillBeSent: false,
    isDone: false,
    done: undefined,
  };
}

export function replayedMessage(segment: JournalSegment, records: readonly string[]): OutgoingMessage {
  return {
    ...openMessage(),
    visits: [{ segment, count: records.length }],
    count: records.length,
    bytes: { body: Buffer.from(linesOf(records)), release: () => {} },
    isReplayed: true,
  };
}

/** How many of its visits only memory has. */
export function unsavedIn(
  { visits, isDone }: OutgoingMessage,
  journal: Pick<Journal, 'has'> | undefined,
): number {
  if (isDone) return 0;
  let unsaved = 0;
  for (const { segment, count } of visits) if (!segment || !journal?.has(segment)) unsaved += count;
  return unsaved;
}

/** Writes visits that only memory has to the journal. Returns whether they are there now. */
export function saveAgain(message: OutgoingMessage, journal: Journal): boolean {
  if (unsavedIn(message, journal) === 0 || !message.bytes) return true;
  const segment = journal.append(message.bytes.body, message.count);
  if (!segment) return false;
  for (const { segment: older, count } of message.visits) if (older) journal.release(older, count);
  message.visits.splice(0, message.visits.length, { segment, count: message.count });
  return true;
}
