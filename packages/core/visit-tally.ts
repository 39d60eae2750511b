import { randomUUID } from 'node:crypto';
import type { Counter } from '@terse/cache/counter';
import type { Clock } from './clock.ts';
import type { Metrics } from './metrics.ts';
import { retryUntilDone } from './retry.ts';
import type { ShortCode } from './short-code.ts';

/** Counts visits in memory and brings the sums to the counter, ten times a second. */
export interface VisitTally {
  add(code: ShortCode): void;
  /** Resolves when everything added so far is in the counter. */
  settled(): Promise<void>;
}

export interface VisitTallyOptions {
  readonly counter: Pick<Counter, 'add'>;
  readonly clock: Clock;
  readonly metrics: Pick<Metrics, 'countFailed'>;
}

const EVERY_MS = 100;

export function createVisitTally({ counter, clock, metrics }: VisitTallyOptions): VisitTally {
  let deltas = new Map<ShortCode, number>();
  let timer: NodeJS.Timeout | undefined;
  let sending: Promise<void> | undefined;

  function sendSoon(): void {
    timer ??= setTimeout(() => void send(), EVERY_MS);
  }

  function send(): Promise<void> {
    clearTimeout(timer);
    timer = undefined;
    const sent = deltas;
    deltas = new Map();
    // Under one id however often it is tried, so that it counts once.
    const id = randomUUID();
    sending = retryUntilDone(() => counter.add(id, sent), clock, metrics.countFailed).then(() => {
      sending = undefined;
      if (deltas.size > 0) sendSoon();
    });
    return sending;
  }

  return {
    add: (code) => {
      deltas.set(code, (deltas.get(code) ?? 0) + 1);
      if (!sending) sendSoon();
    },
    settled: async () => {
      await sending;
      // What came meanwhile is on its way already, when another caller was faster.
      await (deltas.size > 0 && !sending ? send() : sending);
    },
  };
}
