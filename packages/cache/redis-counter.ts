import { randomUUID } from 'node:crypto';
import type { CounterBatch } from '@terse/core/counter-batch';
import type { ShortCode } from '@terse/core/short-code';
import type { Counter } from './counter.ts';
import type { RedisConnection } from './redis-connection.ts';
import { createScript } from './script.ts';

/**
 * Deltas are spread over shards by code, so that a batch stays small enough for one statement however many links were
 * visited. All keys carry one hash tag: a script touches several, and they must lie on one node.
 *
 *   counter:{visits}:open:<shard>     the id of the shard's open batch
 *   counter:{visits}:frozen:<shard>   the id of its unsettled batch
 *   counter:{visits}:batch:<id>       the deltas by code; an id ends with its shard
 *   counter:{visits}:add:<addId>      marks an addition as done
 */
const SHARDS = 16;
const PREFIX = 'counter:{visits}:';
const ADD_ID_TTL_SECONDS = 600;
/** Less than a millisecond of Redis, in which nobody else is answered. */
const CODES_PER_SCRIPT = 250;

const ADD = createScript(`
  local prefix, addId, ttl, candidate = ARGV[1], ARGV[2], ARGV[3], ARGV[4]
  if not redis.call('SET', prefix .. 'add:' .. addId, 1, 'NX', 'EX', ttl) then return 0 end
  local batches = {}
  for i = 5, #ARGV, 3 do
    local shard = ARGV[i]
    if not batches[shard] then
      local open = prefix .. 'open:' .. shard
      local id = redis.call('GET', open)
      if not id then
        id = candidate .. ':' .. shard
        redis.call('SET', open, id)
      end
      batches[shard] = prefix .. 'batch:' .. id
    end
    redis.call('HINCRBY', batches[shard], ARGV[i + 1], ARGV[i + 2])
  end
  return 1
`);

const FREEZE = createScript(`
  local prefix, frozen = ARGV[1], {}
  for shard = 0, tonumber(ARGV[2]) - 1 do
    local id = redis.call('GET', prefix .. 'frozen:' .. shard)
    if not id then
      id = redis.call('GET', prefix .. 'open:' .. shard)
      if id then
        redis.call('RENAME', prefix .. 'open:' .. shard, prefix .. 'frozen:' .. shard)
      end
    end
    if id then frozen[#frozen + 1] = id end
  end
  return frozen
`);

const SETTLE = createScript(`
  local prefix, id, shard = ARGV[1], ARGV[2], ARGV[3]
  if redis.call('GET', prefix .. 'frozen:' .. shard) == id then
    redis.call('DEL', prefix .. 'frozen:' .. shard, prefix .. 'batch:' .. id)
  end
  return 1
`);

/** Every batch of the given shards, with its deltas; without codes, all of them. */
const PENDING = createScript(`
  local prefix, found = ARGV[1], {}
  local function take(pointer, codes)
    local id = redis.call('GET', pointer)
    if not id then return end
    local deltas = {}
    if codes then
      local values = redis.call('HMGET', prefix .. 'batch:' .. id, unpack(codes))
      for i, code in ipairs(codes) do
        if values[i] then
          deltas[#deltas + 1] = code
          deltas[#deltas + 1] = values[i]
        end
      end
    else
      deltas = redis.call('HGETALL', prefix .. 'batch:' .. id)
    end
    if #deltas > 0 then found[#found + 1] = { id, deltas } end
  end
  if #ARGV == 2 then
    for shard = 0, tonumber(ARGV[2]) - 1 do
      take(prefix .. 'frozen:' .. shard)
      take(prefix .. 'open:' .. shard)
    end
    return found
  end
  local byShard = {}
  for i = 3, #ARGV, 2 do
    byShard[ARGV[i]] = byShard[ARGV[i]] or {}
    table.insert(byShard[ARGV[i]], ARGV[i + 1])
  end
  for shard, codes in pairs(byShard) do
    take(prefix .. 'frozen:' .. shard, codes)
    take(prefix .. 'open:' .. shard, codes)
  end
  return found
`);

/** The counter in Redis, which must not evict keys that have no time to live (`volatile-*` or `noeviction`). */
export function createRedisCounter(redis: RedisConnection): Counter {
  const run = (script: typeof ADD, ...values: readonly string[]) =>
    redis.run(script, [PREFIX], [PREFIX, ...values]);

  return {
    add: async (addId, deltas) => {
      const entries = [...deltas];
      for (let start = 0; start < entries.length; start += CODES_PER_SCRIPT) {
        const part = entries.slice(start, start + CODES_PER_SCRIPT);
        await run(
          ADD,
          `${addId}:${start}`,
          String(ADD_ID_TTL_SECONDS),
          randomUUID(),
          ...part.flatMap(([code, delta]) => [shardOf(code), code, String(delta)]),
        );
      }
    },

    freeze: async () => {
      const ids = strings(await run(FREEZE, String(SHARDS)));
      return Promise.all(
        ids.map(async (id) => ({
          id,
          deltas: toDeltas(await redis.command('HGETALL', `${PREFIX}batch:${id}`)),
        })),
      );
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
    return { id: String(id), deltas: toDeltas(deltas) };
  });
}

/** A flat list of codes and numbers; they were short codes when they were added. */
function toDeltas(reply: unknown): Map<ShortCode, number> {
  const flat = strings(reply);
  const deltas = new Map<ShortCode, number>();
  for (let index = 0; index + 1 < flat.length; index += 2) {
    deltas.set(flat[index] as ShortCode, Number(flat[index + 1]));
  }
  return deltas;
}

function strings(reply: unknown): string[] {
  return Array.isArray(reply) ? reply.map(String) : [];
}
