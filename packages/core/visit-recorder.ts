import { randomUUID } from 'node:crypto';
import { isbot } from 'isbot';
import { LRUCache } from 'lru-cache';
import { v7 as uuidv7 } from 'uuid';
import type { Counter } from '@terse/cache/counter';
import type { Publisher } from '@terse/queue/queue';
import type { Clock } from './clock.ts';
import type { Metrics } from './metrics.ts';
import type { ShortCode } from './short-code.ts';
import { encodeVisits, truncateReferrer, truncateUserAgent, type Visit } from './visit.ts';

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
 * Takes visits off the redirect's hands: `record` only fills a bounded buffer. Behind it visits are coalesced into
 * messages and published, and people's visits are counted; both are tried until they succeed.
 */
export interface VisitRecorder {
  /** Never waits and never throws. When the buffer is full the visit is dropped, and counted as dropped. */
  record(visit: ObservedVisit): void;
  /** Waits until what was recorded is published and counted, then stops. What is left at the deadline is dropped and counted. */
  close(deadlineMs: number): Promise<void>;
}

export interface VisitRecorderOptions {
  readonly publisher: Publisher;
  readonly counter: Pick<Counter, 'add'>;
  readonly clock: Clock;
  readonly metrics: Pick<Metrics, 'visitsRecorded' | 'visitsDropped' | 'publishFailed' | 'countFailed'>;
  /** The most visits that may be unpublished at once. */
  readonly maxBuffered?: number;
}

const VISITS_PER_MESSAGE = 256;
const COALESCE_MS = 5;
const MESSAGES_IN_FLIGHT = 64;
const COUNT_EVERY_MS = 10;
const MAX_RETRY_WAIT_MS = 2000;
const AGENTS_REMEMBERED = 5000;

export function createVisitRecorder(options: VisitRecorderOptions): VisitRecorder {
  const { publisher, counter, clock, metrics, maxBuffered = 50_000 } = options;
  const agents = new LRUCache<string, boolean, undefined>({
    max: AGENTS_REMEMBERED,
    memoMethod: (agent) => isbot(agent),
  });

  let open: Visit[] = [];
  const full: Visit[][] = [];
  let buffered = 0;
  let inFlight = 0;
  let coalescing: NodeJS.Timeout | undefined;

  let counts = new Map<ShortCode, number>();
  let counting: Promise<void> | undefined;
  let nextCount: NodeJS.Timeout | undefined;

  let closed = false;
  let onIdle: (() => void) | undefined;

  function isAutomated(visit: ObservedVisit): boolean {
    return visit.isProbe || !visit.userAgent || agents.memo(visit.userAgent);
  }

  function pump(): void {
    coalescing = undefined;
    if (open.length > 0) {
      full.push(open);
      open = [];
    }
    while (inFlight < MESSAGES_IN_FLIGHT) {
      const visits = full.shift();
      if (!visits) break;
      inFlight++;
      void publish(visits);
    }
    if (isIdle()) onIdle?.();
  }

  async function publish(visits: Visit[]): Promise<void> {
    const body = encodeVisits(visits);
    await untilDone(() => publisher.publish(body), metrics.publishFailed);
    inFlight--;
    buffered -= visits.length;
    pump();
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

  return {
    record: (visit) => {
      if (closed || buffered >= maxBuffered) {
        metrics.visitsDropped(closed ? 'shutdown' : 'buffer_full', 1);
        return;
      }
      const now = clock.now();
      const isBot = isAutomated(visit);
      open.push({
        id: uuidv7({ msecs: now }),
        short_code: visit.shortCode,
        ip: visit.ip,
        timestamp: now,
        user_agent: visit.userAgent === undefined ? null : truncateUserAgent(visit.userAgent),
        referrer: visit.referrer === undefined ? null : truncateReferrer(visit.referrer),
        country: visit.country,
        is_bot: isBot,
      });
      buffered++;
      metrics.visitsRecorded(isBot ? 'bots' : 'people');
      if (open.length >= VISITS_PER_MESSAGE) {
        full.push(open);
        open = [];
        if (inFlight < MESSAGES_IN_FLIGHT) pump();
      } else {
        coalescing ??= setTimeout(pump, COALESCE_MS);
      }
      if (!isBot) {
        counts.set(visit.shortCode, (counts.get(visit.shortCode) ?? 0) + 1);
        nextCount ??= setTimeout(count, COUNT_EVERY_MS);
      }
    },

    close: async (deadlineMs) => {
      closed = true;
      const { promise: idle, resolve } = Promise.withResolvers<void>();
      onIdle = resolve;
      clearTimeout(coalescing);
      clearTimeout(nextCount);
      count();
      pump();
      await Promise.race([idle, clock.sleep(deadlineMs)]);
      if (buffered > 0) metrics.visitsDropped('shutdown', buffered);
    },
  };
}
