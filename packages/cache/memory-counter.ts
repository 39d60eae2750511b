import { randomUUID } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import type { Clock } from '@terse/platform/clock';
import { MINUTE_MS } from '@terse/platform/durations';
import type { CounterBatch } from '@terse/core/counts/counter-batch';
import type { ShortCode } from '@terse/core/links/short-code';
import type { Counter } from '@terse/core/counts/ports';

const ADD_IDS_REMEMBERED = 10_000;
const ADD_ID_TTL_MS = 10 * MINUTE_MS;

interface OpenBatch {
  readonly id: string;
  readonly deltas: Map<ShortCode, number>;
}

/** Counts inside this process. After a kill, the reconciliation at the next start restores unapplied counts. */
export function createMemoryCounter(options: { clock: Clock }): Counter {
  const seen = new LRUCache<string, true>({
    max: ADD_IDS_REMEMBERED,
    ttl: ADD_ID_TTL_MS,
    perf: { now: options.clock.monotonic },
  });
  let open: OpenBatch | undefined;
  let frozen: CounterBatch | undefined;

  return {
    add: (addId, deltas) => {
      if (!seen.has(addId)) {
        seen.set(addId, true);
        open ??= { id: randomUUID(), deltas: new Map() };
        for (const [code, delta] of deltas) open.deltas.set(code, (open.deltas.get(code) ?? 0) + delta);
      }
      return Promise.resolve();
    },
    freeze: () => {
      if (!frozen) {
        frozen = open;
        open = undefined;
      }
      return Promise.resolve(frozen ? [frozen] : []);
    },
    settle: (batchId) => {
      if (frozen?.id === batchId) frozen = undefined;
      return Promise.resolve();
    },
    pending: (codes) =>
      Promise.resolve(
        [frozen, open]
          .filter((batch) => batch !== undefined)
          .map((batch) => ({
            id: batch.id,
            deltas: codes ? only(batch.deltas, codes) : new Map(batch.deltas),
          }))
          .filter((batch) => batch.deltas.size > 0),
      ),
  };
}

function only(deltas: ReadonlyMap<ShortCode, number>, codes: readonly ShortCode[]): Map<ShortCode, number> {
  const found = new Map<ShortCode, number>();
  for (const code of codes) {
    const delta = deltas.get(code);
    if (delta !== undefined) found.set(code, delta);
  }
  return found;
}
