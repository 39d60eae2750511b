import { createScript } from './script.ts';

/**
 * Deltas are spread over shards by code, so that a batch stays small enough for one statement, however many links were
 * visited. All keys have one hash tag, because a script touches several, which must lie on one node.
 *
 *   counter:{visits}:open:<shard>      the id of the shard's open batch
 *   counter:{visits}:frozen:<shard>    the id of its unsettled batch
 *   counter:{visits}:batch:<id>        the deltas by code; an id ends with its shard
 *   counter:{visits}:add:<addId>       marks an addition as done
 *   counter:{visits}:broken:<what>     the last foreign value found at one of these keys
 *   counter:{visits}:broken:deltas     fields of batches that are not deltas, by code
 */
export const PREFIX = 'counter:{visits}:';

/** Begins every script. It renames foreign values, so that they block no shard. */
const SOUND = `
  local prefix, aside = ARGV[1], {}
  local function setAside(key, what)
    redis.call('RENAME', prefix .. key, prefix .. 'broken:' .. what)
    aside[#aside + 1] = what
  end
  local function idOf(kind, shard, mayChange)
    local pointer = kind .. ':' .. shard
    local id = redis.pcall('GET', prefix .. pointer)
    if not id then return false end
    if type(id) == 'string' and #id <= 64 and string.match(id, '^[%x-]+:(%d+)$') == shard then return id end
    if mayChange then setAside(pointer, pointer) end
    return false
  end
  local function mend(id, shard)
    local size = redis.pcall('HLEN', prefix .. 'batch:' .. id)
    if type(size) == 'table' then setAside('batch:' .. id, 'batch:' .. shard) end
  end
`;

export const ADD = createScript(`${SOUND}
  local addId, ttl, candidate = ARGV[2], ARGV[3], ARGV[4]
  if not redis.call('SET', prefix .. 'add:' .. addId, 1, 'NX', 'EX', ttl) then return aside end
  local batches = {}
  for i = 5, #ARGV, 3 do
    local shard, code, delta = ARGV[i], ARGV[i + 1], ARGV[i + 2]
    if not batches[shard] then
      local id = idOf('open', shard, true)
      if not id then
        id = candidate .. ':' .. shard
        redis.call('SET', prefix .. 'open:' .. shard, id)
      end
      mend(id, shard)
      batches[shard] = prefix .. 'batch:' .. id
    end
    local added = redis.pcall('HINCRBY', batches[shard], code, delta)
    if type(added) == 'table' then
      local value = redis.call('HGET', batches[shard], code)
      redis.pcall('HSET', prefix .. 'broken:deltas', code, string.sub(value, 1, 100))
      redis.call('HSET', batches[shard], code, delta)
      aside[#aside + 1] = 'delta of ' .. code
    end
  end
  return aside
`);

export const FREEZE = createScript(`${SOUND}
  local frozen = {}
  for number = 0, tonumber(ARGV[2]) - 1 do
    local shard = string.format('%d', number)
    local id = idOf('frozen', shard, true)
    if not id then
      id = idOf('open', shard, true)
      if id then redis.call('RENAME', prefix .. 'open:' .. shard, prefix .. 'frozen:' .. shard) end
    end
    if id then
      mend(id, shard)
      frozen[#frozen + 1] = id
    end
  end
  return { frozen, aside }
`);

export const SETTLE = createScript(`${SOUND}
  local id, shard = ARGV[2], ARGV[3]
  if idOf('frozen', shard, false) == id then
    redis.call('DEL', prefix .. 'frozen:' .. shard, prefix .. 'batch:' .. id)
  end
  return 1
`);

/** Reads every batch of the given shards with the deltas of the given codes, or all deltas without codes. */
export const PENDING = createScript(`${SOUND}
  local found = {}
  local function take(kind, shard, codes)
    local id = idOf(kind, shard, false)
    if not id then return end
    local deltas = {}
    if codes then
      local values = redis.pcall('HMGET', prefix .. 'batch:' .. id, unpack(codes))
      if values.err then return end
      for i, code in ipairs(codes) do
        if values[i] then
          deltas[#deltas + 1] = code
          deltas[#deltas + 1] = values[i]
        end
      end
    else
      deltas = redis.pcall('HGETALL', prefix .. 'batch:' .. id)
      if deltas.err then return end
    end
    if #deltas > 0 then found[#found + 1] = { id, deltas } end
  end
  if #ARGV == 2 then
    for number = 0, tonumber(ARGV[2]) - 1 do
      local shard = string.format('%d', number)
      take('frozen', shard)
      take('open', shard)
    end
    return found
  end
  local byShard = {}
  for i = 3, #ARGV, 2 do
    byShard[ARGV[i]] = byShard[ARGV[i]] or {}
    table.insert(byShard[ARGV[i]], ARGV[i + 1])
  end
  for shard, codes in pairs(byShard) do
    take('frozen', shard, codes)
    take('open', shard, codes)
  end
  return found
`);
