import { createTimeLimit } from '@terse/platform/time-limit';
import type { Clock } from '@terse/platform/clock';
import type { Counter } from '../counts/ports.ts';
import { createVisitCounter } from '../counts/visit-counter.ts';
import type { Metrics } from '../metrics.ts';
import type { Journal, OverflowQueue, Publisher } from './ports.ts';
import { createVisitPublisher } from './publisher/visit-publisher.ts';
import { stopRecording, type VisitsLeft } from './stop-recording.ts';
import { createVisitEncoder, type EncodedVisit, type ObservedVisit } from './visit-encoder.ts';

/**
 * Records visits for the redirect. In the background, it publishes all of them and counts those by people, and tries
 * both until they succeed. A visit without room in memory waits on disk. A visit without room on disk is dropped, and
 * counted as dropped.
 */
export interface VisitRecorder {
  /** Notes a visit until this turn of the event loop ends, or `commit` is called. Never waits and never fails. */
  record(visit: ObservedVisit): void;
  /**
   * Writes the visits of this turn to the journal, so that they outlive the process. No response to them may leave
   * before.
   */
  commit(): void;
  /**
   * Resolves when the visit that was recorded last is confirmed and counted, or when the time for that is up.
   * `undefined` when its response does not wait.
   */
  confirmed(): Promise<void> | undefined;
  /** How much of the memory for visits is taken, from 0 to 1. */
  fill(): number;
  /** Resolves when the visits that earlier processes left in the journal are published. */
  restored(): Promise<void>;
  /**
   * Waits until recorded visits are published and counted, then stops. After half of the time, what the queue has not
   * taken goes to the overflow queue, if there is one; at the deadline the rest stays in the journal.
   */
  close(deadlineMs: number): Promise<VisitsLeft>;
}

export interface VisitRecorderOptions {
  readonly publisher: Publisher;
  readonly counter: Pick<Counter, 'add'>;
  /** Without one, visits in memory are lost when the process is killed. */
  readonly journal?: Journal | undefined;
  /** Takes messages that the queue does not: at once without a journal, otherwise when the process stops. */
  readonly overflow?: Pick<OverflowQueue, 'add'> | undefined;
  readonly clock: Clock;
  readonly metrics: Pick<
    Metrics,
    | 'visitsRecorded'
    | 'visitsDropped'
    | 'visitsRestored'
    | 'visitsLeftOnDisk'
    | 'visitsUnconfirmed'
    | 'publishFailed'
    | 'countFailed'
    | 'overflowed'
  >;
  /** The most visits that may be in memory at once. */
  readonly maxBuffered?: number;
  /** How long a response waits for its visit to be confirmed; 0 when it does not wait. */
  readonly confirmWithinMs?: number;
}

/** How many visits of a turn are committed together: a write to the disk costs about the same whatever is in it. */
const VISITS_PER_TURN = 64;
/** A message costs the broker a millisecond of CPU, whatever is in it. */
const COALESCE_MS = 20;

export function createVisitRecorder(options: VisitRecorderOptions): VisitRecorder {
  const { journal, overflow, clock, metrics, maxBuffered = 50_000, confirmWithinMs = 0 } = options;
  const encode = createVisitEncoder(clock);
  // A response that waits for its visit does not also wait for other visits.
  const coalesceMs = confirmWithinMs > 0 ? 0 : COALESCE_MS;
  const publisher = createVisitPublisher({ ...options, maxBuffered, coalesceMs });
  const visitCounter = createVisitCounter(options);
  const limit = createTimeLimit(confirmWithinMs);
  let closed = false;
  /** Visits that are not in the journal yet. */
  let turn: EncodedVisit[] = [];
  let endOfTurn: NodeJS.Immediate | undefined;

  function commit(): void {
    clearImmediate(endOfTurn);
    endOfTurn = undefined;
    if (turn.length === 0) return;
    const visits = turn;
    turn = [];
    const taken = publisher.offer(visits.map(({ record }) => record));
    if (taken < visits.length) {
      metrics.visitsDropped(journal ? 'journal_full' : 'buffer_full', visits.length - taken);
      visits.length = taken;
    }
    count(visits);
  }

  function count(visits: readonly EncodedVisit[]): void {
    let people = 0;
    for (const { isBot, shortCode } of visits) {
      if (isBot) continue;
      people++;
      visitCounter.add(shortCode);
    }
    metrics.visitsRecorded('people', people);
    metrics.visitsRecorded('bots', visits.length - people);
  }

  async function untilConfirmed(): Promise<void> {
    try {
      await limit(Promise.all([publisher.published(), visitCounter.flushed()]));
    } catch {
      metrics.visitsUnconfirmed();
    }
  }

  return {
    record: (visit) => {
      if (closed) {
        metrics.visitsDropped('shutdown', 1);
        return;
      }
      turn.push(encode(visit));
      if (turn.length >= VISITS_PER_TURN) commit();
      else endOfTurn ??= setImmediate(commit);
    },

    commit,

    confirmed: () => {
      if (confirmWithinMs === 0) return undefined;
      commit();
      return untilConfirmed();
    },

    fill: () => publisher.buffered() / maxBuffered,

    restored: () => publisher.restored(),

    close: (deadlineMs) => {
      closed = true;
      commit();
      return stopRecording({ publisher, visitCounter, journal, overflow, clock, metrics }, deadlineMs);
    },
  };
}
