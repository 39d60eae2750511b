import type { Outbox } from '@terse/cache/outbox';
import type { Journal, JournalSegment } from '@terse/queue/journal';
import type { Publisher } from '@terse/queue/queue';
import type { Clock } from './clock.ts';
import { joinRecords } from './joined-records.ts';
import { type BuiltMessage, createMessageBuilder } from './message-builder.ts';
import type { Metrics } from './metrics.ts';
import { retryUntilDone } from './retry.ts';
import { encodeVisits } from './visit.ts';

/**
 * Brings encoded visits to the queue. Each is in the journal before anything else, then waits in a bounded memory, is
 * coalesced with its neighbours into a message, and published until the queue answers for it:
 *
 *   offer → journal + open chunk ─ 256 visits or 20 ms → full chunks ─ 64 in flight → queue ─ released in the journal
 *         ↘ no room: journal only ─ less than half full → full chunks                 ↘ down, no journal: outbox
 */
export interface VisitPump {
  /** Takes visits, but for the last ones when neither memory nor disk has room for them: how many it has taken. */
  offer(records: readonly string[]): number;
  /** Resolves when the visit that was offered last is with the queue or the outbox, or when it lies on disk only. */
  settled(): Promise<void>;
  /** Resolves when the visits that earlier processes left in the journal are published. */
  restored(): Promise<void>;
  /** Resolves when nothing is in memory. */
  drained(): Promise<void>;
  /** Takes nothing up from the journal any more. */
  stopRestoring(): void;
  /** How many visits are in memory. */
  buffered(): number;
  /** Of those in memory, the visits that nothing else has. */
  unsaved(): number;
}

export interface VisitPumpOptions {
  readonly publisher: Publisher;
  readonly journal?: Journal | undefined;
  readonly outbox?: Pick<Outbox, 'add'> | undefined;
  readonly clock: Clock;
  readonly metrics: Pick<Metrics, 'visitsRestored' | 'publishFailed' | 'outboxed'>;
  /** The most visits that may be in memory at once. */
  readonly maxBuffered: number;
  /** How long a visit waits for others to be published with. */
  readonly coalesceMs: number;
}

/** Visits that the journal has, too, or that it could not take. */
interface Kept {
  readonly segment: JournalSegment | undefined;
  readonly count: number;
}

/** Visits that are published together. */
interface Chunk {
  readonly kept: Kept[];
  count: number;
  /** Taken up from the journal. */
  readonly isRestored: boolean;
  published: PromiseWithResolvers<void> | undefined;
}

interface FullChunk {
  readonly chunk: Chunk;
  readonly message: BuiltMessage;
  /** After a publish that failed nobody knows whether its message is still being sent: its bytes must stay as they are. */
  mayStillBeSent: boolean;
}

const VISITS_PER_MESSAGE = 256;
const MESSAGES_IN_FLIGHT = 64;

export function createVisitPump(options: VisitPumpOptions): VisitPump {
  const { publisher, journal, outbox, clock, metrics, maxBuffered, coalesceMs } = options;

  const builder = createMessageBuilder();
  let open: Chunk | undefined;
  let newest: Chunk | undefined;
  const full: FullChunk[] = [];
  let buffered = 0;
  let inFlight = 0;
  let coalescing: NodeJS.Timeout | undefined;
  let inMemoryOnly = 0;
  let restoring: Promise<void> | undefined;
  /** Whether the journal may have visits that are not in memory. */
  let maybeOnDiskOnly = journal !== undefined;
  let restoredUnpublished = 0;
  let mayRestore = true;
  const allRestored = Promise.withResolvers<void>();
  let onDrained: (() => void) | undefined;

  function keep(records: readonly string[]): void {
    const joined = joinRecords(records);
    const count = records.length;
    if (open && (open.count + count > VISITS_PER_MESSAGE || !builder.hasRoomFor(joined))) completeChunk();
    open ??= { kept: [], count: 0, isRestored: false, published: undefined };
    const lines = builder.add(joined);
    const segment = journal?.append(lines, count);
    if (!segment) inMemoryOnly += count;
    open.kept.push({ segment, count });
    open.count += count;
    buffered += count;
    newest = open;
    if (open.count >= VISITS_PER_MESSAGE) completeChunk();
    else coalescing ??= setTimeout(publishAll, coalesceMs);
    publishFull();
  }

  function completeChunk(): void {
    clearTimeout(coalescing);
    coalescing = undefined;
    if (open) full.push({ chunk: open, message: builder.complete(), mayStillBeSent: false });
    open = undefined;
  }

  function publishAll(): void {
    completeChunk();
    publishFull();
  }

  function publishFull(): void {
    while (inFlight < MESSAGES_IN_FLIGHT) {
      const next = full.shift();
      if (!next) break;
      inFlight++;
      void publish(next);
    }
  }

  async function publish(fullChunk: FullChunk): Promise<void> {
    const { chunk, message } = fullChunk;
    await retryUntilDone(() => deliver(fullChunk), clock, metrics.publishFailed);
    if (!fullChunk.mayStillBeSent) message.release();
    for (const { segment, count } of chunk.kept) {
      if (segment) journal?.release(segment, count);
      else inMemoryOnly -= count;
    }
    if (chunk.isRestored) restoredUnpublished -= chunk.count;
    inFlight--;
    buffered -= chunk.count;
    chunk.published?.resolve();
    if (newest === chunk) newest = undefined;
    publishFull();
    takeStock();
  }

  async function deliver(fullChunk: FullChunk): Promise<void> {
    const { body } = fullChunk.message;
    try {
      await publisher.publish(body);
    } catch (error) {
      fullChunk.mayStillBeSent = true;
      if (!outbox) throw error;
      await outbox.add(body.toString());
      metrics.outboxed();
    }
  }

  /** What may begin, or has come true, whenever something has left. */
  function takeStock(): void {
    if (maybeOnDiskOnly && buffered < maxBuffered / 2) restore();
    if (!maybeOnDiskOnly && !restoring && restoredUnpublished === 0) allRestored.resolve();
    if (buffered === 0) onDrained?.();
  }

  /** Takes up what lies on disk only, a segment at a time. */
  function restore(): void {
    if (!journal || restoring || !mayRestore) return;
    restoring = takeUp(journal).then(() => {
      restoring = undefined;
      publishFull();
      takeStock();
    });
  }

  async function takeUp(from: Journal): Promise<void> {
    maybeOnDiskOnly = false;
    const found = await from.restore();
    if (!found) return;
    maybeOnDiskOnly = true;
    const { segment, records } = found;
    for (let start = 0; start < records.length; start += VISITS_PER_MESSAGE) {
      const some = records.slice(start, start + VISITS_PER_MESSAGE);
      const { length: count } = some;
      full.push({
        chunk: { kept: [{ segment, count }], count, isRestored: true, published: undefined },
        message: { body: Buffer.from(encodeVisits(some)), release: () => {} },
        mayStillBeSent: false,
      });
    }
    buffered += records.length;
    restoredUnpublished += records.length;
    metrics.visitsRestored(records.length);
  }

  takeStock();

  return {
    offer: (records) => {
      const room = Math.max(maxBuffered - buffered, 0);
      if (records.length <= room) {
        keep(records);
        return records.length;
      }
      if (room > 0) keep(records.slice(0, room));
      newest = undefined;
      const rest = records.slice(room);
      if (!journal?.spill(Buffer.from(`\n${joinRecords(rest)}`), rest.length)) return room;
      maybeOnDiskOnly = true;
      return records.length;
    },
    settled: async () => {
      if (newest) await (newest.published ??= Promise.withResolvers()).promise;
    },
    restored: () => allRestored.promise,
    drained: () => {
      const { promise, resolve } = Promise.withResolvers<void>();
      onDrained = resolve;
      publishAll();
      takeStock();
      return promise;
    },
    stopRestoring: () => {
      mayRestore = false;
    },
    buffered: () => buffered,
    unsaved: () => inMemoryOnly,
  };
}
