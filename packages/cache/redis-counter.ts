import { randomUUID } from 'node:crypto';
import type { CounterBatch } from '@terse/core/counts/counter-batch';
import { parseShortCode, type ShortCode } from '@terse/core/links/short-code';
import type { RedisConnection } from './redis-connection.ts';
import { ADD, FREEZE, PENDING, PREFIX, SETTLE } from './redis-counter-scripts.ts';
import type { Counter } from '@terse/core/counts/ports';

const SHARDS = 16;
const ADD_ID_TTL_SECONDS = 600;
/** Takes Redis less than a millisecond, in which it answers nobody else. */
const CODES_PER_SCRIPT = 250;

/** A number small enough that adding it to a count never overflows the column. */
const DELTA = /^-?\d{1,15}$/;

/**
 * The counter in Redis, which must not evict keys that have no time to live (`volatile-*` or `noeviction`).
 * @param onBroken called with the names of foreign values that were found at its keys and set aside.
 */
export function createRedisCounter(
  redis: RedisConnection,
  onBroken: (what: readonly string[]) => void = () => {},
): Counter {
  const run = (script: typeof ADD, ...values: readonly string[]) =>
    redis.run(script, [PREFIX], [PREFIX, ...values]);

  function report(setAside: readonly string[]): void {
    if (setAside.length > 0) onBroken(setAside);
  }

  /** Leaves out fields that are not deltas, the same each time, and stores them beside the batch for inspection. */
  async function deltasOf(id: string): Promise<Map<ShortCode, number>> {
    const { deltas, broken } = readDeltas(await redis.command('HGETALL', `${PREFIX}batch:${id}`));
    if (broken.length > 0) {
      report(broken.map(([code]) => `delta of ${code.slice(0, 64)}`));
      const some = broken.slice(0, CODES_PER_SCRIPT).flat();
      const cut = some.map((text) => text.slice(0, 100));
      await redis.command('HSET', `${PREFIX}broken:deltas`, ...cut).catch(() => {});
    }
    return deltas;
  }

  return {
    add: async (addId, deltas) => {
      const entries = [...deltas];
      for (let start = 0; start < entries.length; start += CODES_PER_SCRIPT) {
        const some = entries.slice(start, start + CODES_PER_SCRIPT);
        const setAside = await run(
          ADD,
          `${addId}:${start}`,
          String(ADD_ID_TTL_SECONDS),
          randomUUID(),
          ...some.flatMap(([code, delta]) => [shardOf(code), code, String(delta)]),
        );
        report(strings(setAside));
      }
    },

    freeze: async () => {
      const reply = await run(FREEZE, String(SHARDS));
      const [ids, setAside] = Array.isArray(reply) ? (reply as unknown[]) : [];
      report(strings(setAside));
      return Promise.all(strings(ids).map(async (id) => ({ id, deltas: await deltasOf(id) })));
    },

    settle: async (batchId) => {
      await run(SETTLE, batchId, batchId.slice(batchId.lastIndexOf(':') + 1));
    },

    pending: async (codes) => {
      if (codes?.length === 0) return [];
      const wanted = codes ? [...new Set(codes)].flatMap((code) => [shardOf(code), code]) : [];
      return toBatches(await run(PENDING, String(SHARDS), ...wanted));
    },
  };
}

/** FNV-1a, spread over the shards. */
function shardOf(code: string): string {
  let hash = 0x811c9dc5;
  for (let index = 0; index < code.length; index++) {
    hash = Math.imul(hash ^ code.charCodeAt(index), 0x01000193);
  }
  return String((hash >>> 0) % SHARDS);
}

function toBatches(reply: unknown): CounterBatch[] {
  if (!Array.isArray(reply)) return [];
  return reply.map((batch: unknown) => {
    const [id, deltas] = Array.isArray(batch) ? (batch as unknown[]) : [];
    return { id: String(id), deltas: readDeltas(deltas).deltas };
  });
}

/** Splits a flat list of codes and numbers into deltas and everything else. */
function readDeltas(reply: unknown): { deltas: Map<ShortCode, number>; broken: [string, string][] } {
  const flat = strings(reply);
  const deltas = new Map<ShortCode, number>();
  const broken: [string, string][] = [];
  for (let index = 0; index + 1 < flat.length; index += 2) {
    const [text = '', delta = ''] = flat.slice(index, index + 2);
    const code = parseShortCode(text);
    if (code && DELTA.test(delta)) deltas.set(code, Number(delta));
    else broken.push([text, delta]);
  }
  return { deltas, broken };
}

function strings(reply: unknown): string[] {
  return Array.isArray(reply) ? reply.map(String) : [];
}
