import type { Outbox, OutboxMessage } from './outbox.ts';
import type { RedisConnection } from './redis-connection.ts';
import { createScript } from './script.ts';

/** A stream of messages, and how many bytes they have. One hash tag: a script touches both. */
const KEYS = ['{visits}:outbox', '{visits}:outbox:bytes'] as const;
const [STREAM] = KEYS;

const ADD = createScript(`
  local body, maxBytes = ARGV[1], tonumber(ARGV[2])
  local bytes = tonumber(redis.call('GET', KEYS[2]) or '0')
  if bytes + #body > maxBytes then return 0 end
  redis.call('INCRBY', KEYS[2], #body)
  redis.call('XADD', KEYS[1], '*', 'body', body)
  return 1
`);

const REMOVE = createScript(`
  for _, id in ipairs(ARGV) do
    local entry = redis.call('XRANGE', KEYS[1], id, id)[1]
    if entry then
      redis.call('DECRBY', KEYS[2], #entry[2][2])
      redis.call('XDEL', KEYS[1], id)
    end
  end
  return 1
`);

/**
 * The outbox in Redis, which must not evict keys that have no time to live (`volatile-*` or `noeviction`).
 * @param maxBytes the most that all messages together may have.
 */
export function createRedisOutbox(redis: RedisConnection, maxBytes: number): Outbox {
  return {
    add: async (body) => {
      const added = await redis.run(ADD, KEYS, [body, String(maxBytes)]);
      if (added !== 1) throw new Error('The outbox is full.');
    },
    peek: async (limit) => {
      const reply = await redis.command('XRANGE', STREAM, '-', '+', 'COUNT', String(limit));
      return Array.isArray(reply) ? reply.map(toMessage) : [];
    },
    remove: async (ids) => {
      if (ids.length > 0) await redis.run(REMOVE, KEYS, ids);
    },
  };
}

/** An entry is its id and a flat list of fields, of which this stream has one. */
function toMessage(entry: unknown): OutboxMessage {
  const [id, fields] = entry as [string, [field: string, body: string]];
  return { id, body: fields[1] };
}
