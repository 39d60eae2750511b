import type { Clock } from '@terse/platform/clock';
import { joinRecords } from '../joined-records.ts';
import { createMessageBuilder } from './message-bytes.ts';
import type { Metrics } from '../../metrics.ts';
import { retryUntilDone } from '@terse/platform/retry';
import { type Chunk, type FullChunk, saveAgain, unsavedIn } from './visit-chunk.ts';
import { handOver, type Unanswered } from './visit-hand-over.ts';
import { VisitRestorer, VISITS_PER_MESSAGE } from './visit-restorer.ts';
import type { Outbox, Journal, Publisher } from '../ports.ts';

/**
 * Brings encoded visits to the queue. Each is in the journal before anything else, then waits in a bounded memory, is
 * coalesced with its neighbours into a message, and published until the queue answers for it:
 *
 *   offer → journal + open chunk ─ 256 visits or 20 ms → full chunks ─ 64 in flight → queue ─ released in the journal
 *         ↘ no room: journal only ─ less than half full → full chunks                 ↘ down, no journal: outbox
 *
 * What the queue has not taken when the process stops goes to the outbox, also from the journal: its disk may go with
 * the process.
 */
export interface VisitPump {
  /** Takes visits, but for the last ones when neither memory nor disk has room for them: how many it has taken. */
  offer(records: readonly string[]): number;
  /** Resolves when the visit that was offered last is with the queue or the outbox, or when it lies on disk only. */
  settled(): Promise<void>;
  /** Resolves when the visits that earlier processes left in the journal are published. */
  restored(): Promise<void>;
  /** Resolves when nothing is in memory and nothing is being read from the journal. */
  drained(): Promise<void>;
  /** Takes nothing up from the journal any more. */
  stopRestoring(): Promise<void>;
  /** Gives the outbox, if there is one, what the queue has not taken, until all is there or the time is up. */
  handOver(isOver: () => boolean): Promise<void>;
  /** How many visits are in memory. */
  buffered(): number;
  /** How many visits in memory are neither in the journal, the queue nor the outbox. */
  unsaved(): number;
}

export interface VisitPumpOptions {
  readonly publisher: Publisher;
  readonly journal?: Journal | undefined;
  /** Takes what the queue does not: at once without a journal, otherwise when the process stops. */
  readonly outbox?: Pick<Outbox, 'add'> | undefined;
  readonly clock: Clock;
  readonly metrics: Pick<Metrics, 'visitsRestored' | 'visitsDropped' | 'publishFailed' | 'outboxed'>;
  /** The most visits that may be in memory at once. */
  readonly maxBuffered: number;
  /** How long a visit waits for others to be published with. */
  readonly coalesceMs: number;
}

const MESSAGES_IN_FLIGHT = 64;

export function createVisitPump(options: VisitPumpOptions): VisitPump {
  const { publisher, journal, outbox, clock, metrics, maxBuffered, coalesceMs } = options;

  const builder = createMessageBuilder();
  const restorer = new VisitRestorer(journal, metrics, takeRestored);
  const full: FullChunk[] = [];
  const inFlight = new Set<FullChunk>();
  let open: Chunk | undefined;
  let newest: Chunk | undefined;
  let buffered = 0;
  let coalescing: NodeJS.Timeout | undefined;
  let onDrained: (() => void) | undefined;

  function keep(records: readonly string[]): void {
    const joined = joinRecords(records);
    const count = records.length;
    if (open && (open.count + count > VISITS_PER_MESSAGE || !builder.hasRoomFor(joined))) completeChunk();
    open ??= { kept: [], count: 0, isRestored: false, published: undefined };
    const lines = builder.add(joined);
    open.kept.push({ segment: journal?.append(lines, count), count });
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
    if (open) full.push({ chunk: open, message: builder.complete(), mayStillBeSent: false, isDone: false });
    open = undefined;
  }

  function publishAll(): void {
    completeChunk();
    publishFull();
  }

  function publishFull(): void {
    while (inFlight.size < MESSAGES_IN_FLIGHT) {
      const next = full.shift();
      if (!next) break;
      if (!next.isDone) void publish(next);
    }
  }

  async function publish(fullChunk: FullChunk): Promise<void> {
    inFlight.add(fullChunk);
    await retryUntilDone(() => deliver(fullChunk), clock, metrics.publishFailed);
    inFlight.delete(fullChunk);
    finish(fullChunk);
    publishFull();
  }

  async function deliver(fullChunk: FullChunk): Promise<void> {
    if (fullChunk.isDone) return;
    const { body } = fullChunk.message;
    try {
      await publisher.publish(body);
    } catch (error) {
      fullChunk.mayStillBeSent = true;
      if (!outbox || journal) throw error;
      await outbox.add(body.toString());
      metrics.outboxed();
    }
  }

  /** Runs once when the queue or the outbox has it; both may report it. */
  function finish(fullChunk: FullChunk): void {
    if (fullChunk.isDone) return;
    fullChunk.isDone = true;
    const { chunk, message, mayStillBeSent } = fullChunk;
    if (!mayStillBeSent) message.release();
    for (const { segment, count } of chunk.kept) if (segment) journal?.release(segment, count);
    restorer.published(chunk);
    buffered -= chunk.count;
    chunk.published?.resolve();
    if (newest === chunk) newest = undefined;
    takeStock();
  }

  /** Runs after each publish: reads more from the journal, and resolves waiters. */
  function takeStock(): void {
    if (buffered < maxBuffered / 2) restorer.takeUp();
    restorer.takeStock();
    if (buffered === 0 && restorer.isIdle) onDrained?.();
  }

  function takeRestored(chunks: readonly FullChunk[]): void {
    full.push(...chunks);
    for (const { chunk } of chunks) buffered += chunk.count;
    publishFull();
    takeStock();
  }

  function* inMemory(): Generator<FullChunk> {
    yield* full;
    yield* inFlight;
  }

  /** Yields the newest first, because the queue gets the oldest meanwhile; messages being published come last. */
  async function* unanswered(): AsyncGenerator<Unanswered, void> {
    completeChunk();
    yield* [...full.toReversed(), ...inFlight].map(toUnanswered);
    for (;;) {
      const restored = await restorer.next();
      if (!restored) return;
      yield* restored.map(toUnanswered);
    }
  }

  function toUnanswered(fullChunk: FullChunk): Unanswered {
    return {
      body: fullChunk.message.body,
      isDone: () => fullChunk.isDone,
      done: () => {
        metrics.outboxed();
        fullChunk.mayStillBeSent = true;
        finish(fullChunk);
      },
    };
  }

  function saveWhatIsNot(to: Journal): void {
    if (open && unsavedIn(open, to) > 0) completeChunk();
    for (const fullChunk of inMemory()) if (!fullChunk.isDone && !saveAgain(fullChunk, to)) break;
    publishFull();
  }

  function expectMore(): void {
    restorer.expect();
    takeStock();
  }

  journal?.watch({
    onFound: expectMore,
    onWritable: () => saveWhatIsNot(journal),
    onLost: (visits) => metrics.visitsDropped('journal_lost', visits),
  });
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
      restorer.expect();
      return records.length;
    },
    settled: async () => {
      if (newest) await (newest.published ??= Promise.withResolvers()).promise;
    },
    restored: () => restorer.all,
    drained: () => {
      const { promise, resolve } = Promise.withResolvers<void>();
      onDrained = resolve;
      publishAll();
      takeStock();
      return promise;
    },
    stopRestoring: () => restorer.stop(),
    handOver: async (isOver) => {
      if (outbox) await handOver({ outbox, clock, messages: unanswered(), isOver });
    },
    buffered: () => buffered,
    unsaved: () => {
      let unsaved = open ? unsavedIn(open, journal) : 0;
      for (const { chunk, isDone } of inMemory()) if (!isDone) unsaved += unsavedIn(chunk, journal);
      return unsaved;
    },
  };
}
