import { LRUCache } from 'lru-cache';
import pTimeout from 'p-timeout';
import { isAutomatic } from './automatic-agent.ts';
import type { Clock } from '@terse/platform/clock';
import type { Metrics } from '../metrics.ts';
import type { ShortCode } from '../links/short-code.ts';
import { storedReferrer } from './referrer.ts';
import { encodeVisit, truncateUserAgent } from './visit.ts';
import { createVisitIds } from './visit-id.ts';
import { createVisitPublisher } from './publisher/visit-publisher.ts';
import { createVisitCounter } from '../counts/visit-counter.ts';
import type { Counter } from '../counts/ports.ts';
import type { OverflowQueue, Journal, Publisher } from './ports.ts';

/** What the redirect knows of a visit. */
export interface ObservedVisit {
  readonly shortCode: ShortCode;
  /** Already reduced to what may be kept. */
  readonly ip: string | null;
  readonly userAgent: string | undefined;
  readonly referrer: string | undefined;
  readonly country: string | null;
  /**
   * Whether it is a `HEAD` request, which link checkers send under names of browsers, or a prefetch without a click.
   */
  readonly isProbe: boolean;
}

/**
 * Takes visits off the redirect's hands. Behind it they are published and, when they are people's, counted; both are
 * tried until they succeed. A visit for which memory has no room waits on disk; one that the disk does not take
 * either is dropped, and counted as dropped.
 */
export interface VisitRecorder {
  /** Takes a visit down until this turn of the event loop ends, or `commit` is called. Never waits and never fails. */
  record(visit: ObservedVisit): void;
  /**
   * Puts what was recorded in this turn into the journal, so that it outlives the process. Before this no response
   * may leave.
   */
  commit(): void;
  /**
   * What the response to the visit that was just recorded has to wait for, if anything: that it is confirmed and
   * counted, or that the time for that is up.
   */
  confirmed(): Promise<void> | undefined;
  /** How much of the memory for visits is taken, from 0 to 1. */
  fill(): number;
  /** Resolves when the visits that earlier processes left in the journal are published. */
  restored(): Promise<void>;
  /**
   * Waits until recorded visits are published and counted, then stops. After half of the time, what the queue has not
   * taken goes to the overflow, if there is one; at the deadline the rest stays in the journal.
   */
  close(deadlineMs: number): Promise<VisitsLeft>;
}

/** Visits that neither the queue nor the overflow took before the process ended. */
export interface VisitsLeft {
  /** How many are on the disk of the journal only; if that disk goes with the process, they are lost. */
  readonly onDisk: number;
  /** The size of unread segments from earlier processes, whose number of visits is unknown. */
  readonly unreadBytes: number;
  /** How many are nowhere. */
  readonly dropped: number;
}

export interface VisitRecorderOptions {
  readonly publisher: Publisher;
  readonly counter: Pick<Counter, 'add'>;
  /** Without one, what is in memory is lost when the process is killed. */
  readonly journal?: Journal | undefined;
  /** Takes what the queue does not: at once without a journal, otherwise when the process stops. */
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

/** A visit that is not in the journal yet. */
interface TakenDown {
  readonly record: string;
  readonly shortCode: ShortCode;
  readonly isBot: boolean;
}

/** What is the same for every visit with a user agent. */
interface Agent {
  readonly isBot: boolean;
  readonly stored: string | null;
  readonly json: string;
}

const NO_AGENT: Agent = { isBot: true, stored: null, json: 'null' };
const AGENTS_REMEMBERED = 5000;
/** How many visits of a turn are committed together: a write to the disk costs about the same whatever is in it. */
const VISITS_PER_TURN = 64;
/** A message costs the broker a millisecond of CPU, whatever is in it. */
const COALESCE_MS = 20;

export function createVisitRecorder(options: VisitRecorderOptions): VisitRecorder {
  const { journal, overflow, clock, metrics, maxBuffered = 50_000, confirmWithinMs = 0 } = options;
  const agents = new LRUCache<string, Agent>({ max: AGENTS_REMEMBERED });
  const visitId = createVisitIds();
  // A response that waits does not wait for company, too.
  const coalesceMs = confirmWithinMs > 0 ? 0 : COALESCE_MS;
  const publisher = createVisitPublisher({ ...options, maxBuffered, coalesceMs });
  const visitCounter = createVisitCounter(options);
  let closed = false;
  let turn: TakenDown[] = [];
  let endOfTurn: NodeJS.Immediate | undefined;

  function remember(userAgent: string): Agent {
    const agent = readAgent(userAgent);
    agents.set(userAgent, agent);
    return agent;
  }

  function takeDown({ shortCode, userAgent, referrer, ip, country, isProbe }: ObservedVisit): TakenDown {
    const agent = userAgent === undefined ? NO_AGENT : (agents.get(userAgent) ?? remember(userAgent));
    const isBot = isProbe || agent.isBot;
    const now = clock.now();
    const visit = {
      id: visitId(now),
      short_code: shortCode,
      ip,
      timestamp: now,
      user_agent: agent.stored,
      referrer: referrer === undefined ? null : storedReferrer(referrer),
      country,
      is_bot: isBot,
    };
    return { record: encodeVisit(visit, agent.json), shortCode, isBot };
  }

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
    let people = 0;
    for (const { isBot, shortCode } of visits) {
      if (isBot) continue;
      people++;
      visitCounter.add(shortCode);
    }
    metrics.visitsRecorded('people', people);
    metrics.visitsRecorded('bots', visits.length - people);
  }

  async function published(): Promise<void> {
    await Promise.all([publisher.published(), visitCounter.flushed()]);
  }

  return {
    record: (visit) => {
      if (closed) {
        metrics.visitsDropped('shutdown', 1);
        return;
      }
      turn.push(takeDown(visit));
      if (turn.length >= VISITS_PER_TURN) commit();
      else endOfTurn ??= setImmediate(commit);
    },

    commit,

    confirmed: () => {
      if (confirmWithinMs === 0) return undefined;
      commit();
      return pTimeout(published(), {
        milliseconds: confirmWithinMs,
        fallback: () => metrics.visitsUnconfirmed(),
      });
    },

    fill: () => publisher.buffered() / maxBuffered,

    restored: () => publisher.restored(),

    close: async (deadlineMs) => {
      closed = true;
      commit();
      const endsAt = clock.monotonic() + deadlineMs;
      const msLeft = () => Math.max(endsAt - clock.monotonic(), 0);
      const counted = visitCounter.flushed();
      // Without an overflow nothing can be handed over: the next process reads the rest from the disk.
      if (!overflow) await publisher.stopRestoring();
      await Promise.race([
        Promise.all([publisher.drained(), counted]),
        clock.sleep(overflow ? deadlineMs / 2 : deadlineMs),
      ]);
      await publisher.stopRestoring();
      await Promise.race([
        Promise.all([publisher.handOver(() => msLeft() === 0), overflow && counted]),
        clock.sleep(msLeft()),
      ]);
      const rest = journal?.close() ?? { records: 0, unreadBytes: 0 };
      const dropped = publisher.unsaved();
      if (dropped > 0) metrics.visitsDropped('shutdown', dropped);
      if (rest.records > 0) metrics.visitsLeftOnDisk(rest.records);
      return { onDisk: rest.records, unreadBytes: rest.unreadBytes, dropped };
    },
  };
}

function readAgent(userAgent: string): Agent {
  const stored = truncateUserAgent(userAgent);
  return { isBot: isAutomatic(userAgent), stored, json: JSON.stringify(stored) };
}
