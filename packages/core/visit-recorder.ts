import { randomUUID } from 'node:crypto';
import { isbot } from 'isbot';
import { LRUCache } from 'lru-cache';
import { v7 as uuidv7 } from 'uuid';
import type { Counter } from '@terse/cache/counter';
import type { Journal, JournalSegment } from '@terse/queue/journal';
import type { Publisher } from '@terse/queue/queue';
import type { Clock } from './clock.ts';
import type { Metrics } from './metrics.ts';
import type { ShortCode } from './short-code.ts';
import { encodeVisit, encodeVisits, truncateReferrer, truncateUserAgent } from './visit.ts';

/** What the redirect knows of a visit. */
export interface ObservedVisit {
  readonly shortCode: ShortCode;
  /** Already reduced to what may be kept. */
  readonly ip: string | null;
  readonly userAgent: string | undefined;
  readonly referrer: string | undefined;
  readonly country: string | null;
  /** A `HEAD` request, which link checkers send under the names of browsers. */
  readonly isProbe: boolean;
}

/**
 * Takes visits off the redirect's hands. A visit is in the journal when `record` returns, so it outlives the process; behind
 * that, visits are coalesced into messages and published, and people's visits are counted. Both are tried until they succeed.
 */
export interface VisitRecorder {
  /**
   * Never waits and never throws. A visit for which memory has no room waits on disk; one that the disk does not take
   * either is dropped, and counted as dropped.
   */
  record(visit: ObservedVisit): void;
  /** Resolves when the visits that earlier processes left in the journal are published. */
  restored(): Promise<void>;
  /** Waits until what is in memory is published and counted, then stops. At the deadline the rest is left to the journal. */
  close(deadlineMs: number): Promise<void>;
}

export interface VisitRecorderOptions {
  readonly publisher: Publisher;
  readonly counter: Pick<Counter, 'add'>;
  /** Without one, what is in memory is lost when the process is killed. */
  readonly journal?: Journal | undefined;
  readonly clock: Clock;
  readonly metrics: Pick<
    Metrics,
    'visitsRecorded' | 'visitsDropped' | 'visitsRestored' | 'publishFailed' | 'countFailed'
  >;
  /** The most visits that may be in memory at once. */
  readonly maxBuffered?: number;
}

/** Encoded visits that are published together, all in the same segment of the journal, or none in any. */
interface Chunk {
  readonly segment: JournalSegment | undefined;
  readonly records: string[];
  /** Taken up from the journal. */
  readonly restored: boolean;
}

const VISITS_PER_MESSAGE = 256;
const COALESCE_MS = 5;
const MESSAGES_IN_FLIGHT = 64;
const COUNT_EVERY_MS = 10;
const MAX_RETRY_WAIT_MS = 2000;
const AGENTS_REMEMBERED = 5000;

export function createVisitRecorder(options: VisitRecorderOptions): VisitRecorder {
  const { publisher, counter, journal, clock, metrics, maxBuffered = 50_000 } = options;
  const agents = new LRUCache<string, boolean, undefined>({
    max: AGENTS_REMEMBERED,
    memoMethod: (agent) => isbot(agent),
  });

  let open: Chunk | undefined;
  const full: Chunk[] = [];
  let buffered = 0;
  let inFlight = 0;
  let coalescing: NodeJS.Timeout | undefined;
  /** Of those buffered, the visits that the journal does not have. */
  let inMemoryOnly = 0;
  let restoring: Promise<void> | undefined;
  /** Whether the journal may have visits that are not in memory. */
  let maybeOnDiskOnly = journal !== undefined;
  let restoredUnpublished = 0;
  const allRestored = Promise.withResolvers<void>();

  let counts = new Map<ShortCode, number>();
  let counting: Promise<void> | undefined;
  let nextCount: NodeJS.Timeout | undefined;

  let closed = false;
  let onIdle: (() => void) | undefined;

  function isAutomated(visit: ObservedVisit): boolean {
    return visit.isProbe || !visit.userAgent || agents.memo(visit.userAgent);
  }

  function encode(visit: ObservedVisit, isBot: boolean): string {
    const now = clock.now();
    return encodeVisit({
      id: uuidv7({ msecs: now }),
      short_code: visit.shortCode,
      ip: visit.ip,
      timestamp: now,
      user_agent: visit.userAgent === undefined ? null : truncateUserAgent(visit.userAgent),
      referrer: visit.referrer === undefined ? null : truncateReferrer(visit.referrer),
      country: visit.country,
      is_bot: isBot,
    });
  }

  function keep(record: string): void {
    const segment = journal?.append(record);
    if (open && open.segment !== segment) completeChunk();
    open ??= { segment, records: [], restored: false };
    open.records.push(record);
    buffered++;
    if (!segment) inMemoryOnly++;
    if (open.records.length >= VISITS_PER_MESSAGE) {
      completeChunk();
      if (inFlight < MESSAGES_IN_FLIGHT) pump();
    } else {
      coalescing ??= setTimeout(pump, COALESCE_MS);
    }
  }

  function completeChunk(): void {
    if (open) full.push(open);
    open = undefined;
  }

  function pump(): void {
    clearTimeout(coalescing);
    coalescing = undefined;
    completeChunk();
    while (inFlight < MESSAGES_IN_FLIGHT) {
      const chunk = full.shift();
      if (!chunk) break;
      inFlight++;
      void publish(chunk);
    }
    if (maybeOnDiskOnly && buffered < maxBuffered / 2) restore();
    if (!maybeOnDiskOnly && !restoring && restoredUnpublished === 0) allRestored.resolve();
    if (isIdle()) onIdle?.();
  }

  async function publish({ segment, records, restored }: Chunk): Promise<void> {
    const body = encodeVisits(records);
    await untilDone(() => publisher.publish(body), metrics.publishFailed);
    if (segment) journal?.release(segment, records.length);
    else inMemoryOnly -= records.length;
    if (restored) restoredUnpublished -= records.length;
    inFlight--;
    buffered -= records.length;
    pump();
  }

  /** Takes up what lies on disk only, a segment at a time. */
  function restore(): void {
    if (!journal || restoring || closed) return;
    restoring = takeUp(journal).then(() => {
      restoring = undefined;
      pump();
    });
  }

  async function takeUp(from: Journal): Promise<void> {
    maybeOnDiskOnly = false;
    const found = await from.restore();
    if (!found) return;
    maybeOnDiskOnly = true;
    const { segment, records } = found;
    for (let start = 0; start < records.length; start += VISITS_PER_MESSAGE) {
      full.push({ segment, records: records.slice(start, start + VISITS_PER_MESSAGE), restored: true });
    }
    buffered += records.length;
    restoredUnpublished += records.length;
    metrics.visitsRestored(records.length);
  }

  function count(): void {
    nextCount = undefined;
    if (counts.size === 0 || counting) return;
    const deltas = counts;
    counts = new Map();
    const id = randomUUID();
    counting = untilDone(() => counter.add(id, deltas), metrics.countFailed).then(() => {
      counting = undefined;
      if (counts.size > 0) nextCount ??= setTimeout(count, closed ? 0 : COUNT_EVERY_MS);
      else if (isIdle()) onIdle?.();
    });
  }

  /** Tries until it succeeds; what is tried must be safe to do twice. */
  async function untilDone(attempt: () => Promise<void>, failed: () => void): Promise<void> {
    for (let waitMs = 50; ; waitMs = Math.min(waitMs * 2, MAX_RETRY_WAIT_MS)) {
      try {
        await attempt();
        return;
      } catch {
        failed();
        await clock.sleep(waitMs * (0.5 + Math.random() / 2));
      }
    }
  }

  function isIdle(): boolean {
    return buffered === 0 && counts.size === 0 && !counting;
  }

  pump();

  return {
    record: (visit) => {
      if (closed) {
        metrics.visitsDropped('shutdown', 1);
        return;
      }
      const isBot = isAutomated(visit);
      const record = encode(visit, isBot);
      if (buffered < maxBuffered) {
        keep(record);
      } else if (journal?.spill(record)) {
        maybeOnDiskOnly = true;
      } else {
        metrics.visitsDropped(journal ? 'journal_full' : 'buffer_full', 1);
        return;
      }
      metrics.visitsRecorded(isBot ? 'bots' : 'people');
      if (!isBot) {
        counts.set(visit.shortCode, (counts.get(visit.shortCode) ?? 0) + 1);
        nextCount ??= setTimeout(count, COUNT_EVERY_MS);
      }
    },

    restored: () => allRestored.promise,

    close: async (deadlineMs) => {
      closed = true;
      const { promise: idle, resolve } = Promise.withResolvers<void>();
      onIdle = resolve;
      clearTimeout(nextCount);
      count();
      pump();
      await Promise.race([idle, clock.sleep(deadlineMs)]);
      if (inMemoryOnly > 0) metrics.visitsDropped('shutdown', inMemoryOnly);
      journal?.close();
    },
  };
}
