import { randomUUID } from 'node:crypto';
import type { Clock } from '@terse/platform/clock';
import type { Metrics } from '../metrics.ts';
import { retryUntilDone } from '@terse/platform/retry';
import type { ShortCode } from '../links/short-code.ts';
import type { Counter } from './ports.ts';

/** Counts visits in memory, and adds the sums to the counter ten times a second. */
export interface VisitCounter {
  add(code: ShortCode): void;
  /** Resolves when everything added so far is in the counter. */
  flushed(): Promise<void>;
}

export interface VisitCounterOptions {
  readonly counter: Pick<Counter, 'add'>;
  readonly clock: Clock;
  readonly metrics: Pick<Metrics, 'countFailed'>;
}

const EVERY_MS = 100;
const MAX_REMEMBERED = 10_000;

export function createVisitCounter({ counter, clock, metrics }: VisitCounterOptions): VisitCounter {
  /** One map for all sums: ten new maps a second would be much of the long-lived garbage. */
  const visitsOf = new Map<ShortCode, { visits: number }>();
  const retrying = { clock, onFailure: () => metrics.countFailed() };
  let hasVisits = false;
  let timer: NodeJS.Timeout | undefined;
  let sending: Promise<void> | undefined;

  function sendSoon(): void {
    timer ??= setTimeout(() => void send(), EVERY_MS);
  }

  function take(): Map<ShortCode, number> {
    const deltas = new Map<ShortCode, number>();
    for (const [code, sum] of visitsOf) {
      if (sum.visits === 0) continue;
      deltas.set(code, sum.visits);
      sum.visits = 0;
    }
    hasVisits = false;
    if (visitsOf.size > MAX_REMEMBERED) visitsOf.clear();
    return deltas;
  }

  function send(): Promise<void> {
    clearTimeout(timer);
    timer = undefined;
    const sent = take();
    // Every try uses the same id, so the sums count once.
    const id = randomUUID();
    sending = retryUntilDone(() => counter.add(id, sent), retrying).then(() => {
      sending = undefined;
      if (hasVisits) sendSoon();
    });
    return sending;
  }

  return {
    add: (code) => {
      const sum = visitsOf.get(code);
      if (sum) sum.visits++;
      else visitsOf.set(code, { visits: 1 });
      hasVisits = true;
      if (!sending) sendSoon();
    },
    flushed: async () => {
      await sending;
      // Another caller may already be sending what came meanwhile.
      await (hasVisits && !sending ? send() : sending);
    },
  };
}
