import type { RedisConnection } from './redis-connection.ts';
import { createScript } from './script.ts';
import type { OverflowQueue, OverflowMessage } from '@terse/core/visits/ports';

/**
 * The stream of messages, their size in bytes, and a foreign value found at the key of the stream. They have one hash
 * tag, because a script touches all.
 */
const KEYS = ['{visits}:overflow', '{visits}:overflow:bytes', '{visits}:overflow:broken'] as const;
const [STREAM] = KEYS;

/** Sets aside a value that is no stream, and recounts the bytes when their number is lost. Returns that number. */
const MEND = `
  local function mend()
    local length = redis.pcall('XLEN', KEYS[1])
    if type(length) == 'table' then
      redis.call('RENAME', KEYS[1], KEYS[3])
      length = 0
    end
    local text = redis.pcall('GET', KEYS[2])
    local bytes = type(text) == 'string' and string.match(text, '^%d+$') and tonumber(text)
    if bytes and bytes < 1e15 and (length > 0 or bytes == 0) then return bytes end
    bytes = 0
    local from = '-'
    while length > 0 do
      local some = redis.call('XRANGE', KEYS[1], from, '+', 'COUNT', 100)
      for _, entry in ipairs(some) do bytes = bytes + #entry[2][2] end
      if #some < 100 then break end
      from = '(' .. some[#some][1]
    end
    redis.call('SET', KEYS[2], string.format('%.0f', bytes))
    return bytes
  end
`;

const ADD = createScript(`${MEND}
  local body, maxBytes = ARGV[1], tonumber(ARGV[2])
  local bytes = mend()
  if bytes + #body > maxBytes then return 0 end
  redis.call('XADD', KEYS[1], '*', 'body', body)
  redis.call('INCRBY', KEYS[2], #body)
  return 1
`);

const REMOVE = createScript(`${MEND}
  mend()
  for _, id in ipairs(ARGV) do
    local entry = redis.call('XRANGE', KEYS[1], id, id)[1]
    if entry then
      redis.call('DECRBY', KEYS[2], #entry[2][2])
      redis.call('XDEL', KEYS[1], id)
    end
  end
  return 1
`);

/** Reads the oldest messages, and tells whether a foreign value was at the key of the stream. */
const PEEK = createScript(`${MEND}
  local messages = redis.pcall('XRANGE', KEYS[1], '-', '+', 'COUNT', ARGV[1])
  if not messages.err then return { messages, 0 } end
  mend()
  return { {}, 1 }
`);

/**
 * The overflow queue in Redis, which must not evict keys that have no time to live (`volatile-*` or `noeviction`).
 * @param maxBytes the most that all messages together may have.
 * @param onBroken called with the name of a foreign value that was found at its key and set aside.
 */
export function createRedisOverflowQueue(
  redis: RedisConnection,
  maxBytes: number,
  onBroken: (what: readonly string[]) => void = () => {},
): OverflowQueue {
  return {
    add: async (body) => {
      const added = await redis.run(ADD, KEYS, [body, String(maxBytes)]);
      if (added !== 1) throw new Error('The overflow queue is full.');
    },
    peek: async (limit) => {
      const reply = await redis.run(PEEK, KEYS, [String(limit)]);
      const [messages, wasBroken] = Array.isArray(reply) ? (reply as unknown[]) : [];
      if (wasBroken === 1) onBroken([STREAM]);
      return Array.isArray(messages) ? messages.map(toMessage) : [];
    },
    remove: async (ids) => {
      if (ids.length > 0) await redis.run(REMOVE, KEYS, ids);
    },
  };
}

/** An entry has an id and a flat list of fields; in this stream, one field. */
function toMessage(entry: unknown): OverflowMessage {
  const [id, fields] = entry as [string, [field: string, body: string]];
  return { id, body: fields[1] };
}
