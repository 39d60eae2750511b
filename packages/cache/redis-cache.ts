import { batched } from '@terse/platform/batched';
import type { CachedLink } from '@terse/core/links/link';
import type { ShortCode } from '@terse/core/links/short-code';
import { type CacheLifetimes, ttlSeconds } from './cache.ts';
import { digestOf, MAX_COPY_LENGTH, MAX_VERSION, readCopy } from './link-copy.ts';
import type { RedisCommands } from './redis-connection.ts';
import { createScript } from './script.ts';
import type { Cache } from '@terse/core/links/ports';

/** Takes copy, version and time to live for each key. Replaces a value that is no copy, even one of another type. */
const PUT = createScript(`
  local function versionOf(copy)
    if type(copy) ~= 'string' or #copy > ${3 * MAX_COPY_LENGTH} then return -1 end
    local decoded, present = pcall(cjson.decode, copy)
    if not decoded or type(present) ~= 'table' then return -1 end
    local version, state = present.version, present.state
    if type(version) ~= 'number' or version % 1 ~= 0 or version > ${MAX_VERSION} then return -1 end
    if state ~= 'active' and state ~= 'deleted' and state ~= 'unknown' then return -1 end
    return version
  end
  for i, key in ipairs(KEYS) do
    local copy, version, ttl = ARGV[3 * i - 2], tonumber(ARGV[3 * i - 1]), ARGV[3 * i]
    if versionOf(redis.pcall('GET', key)) <= version then
      if ttl == '' then redis.call('SET', key, copy)
      else redis.call('SET', key, copy, 'EX', ttl) end
    end
  end
  return 1
`);

/** Removes each value whose digest is still the given one. */
const REMOVE = createScript(`
  for i, key in ipairs(KEYS) do
    local present = redis.pcall('GET', key)
    if type(present) == 'string' and redis.sha1hex(present) == ARGV[i] then redis.call('DEL', key) end
  end
  return 1
`);

/**
 * The cache of links in Redis, under `short:{code}`. Copies that are put in one turn of the event loop share a command:
 * over REST, one request instead of one for each link.
 */
export function createRedisCache(redis: RedisCommands, lifetimes: CacheLifetimes): Cache {
  const key = (code: string) => `short:${code}`;

  const put = batched<CachedLink, void>(async (links) => {
    await redis.run(
      PUT,
      links.map(({ short_code }) => key(short_code)),
      links.flatMap((link) => [
        JSON.stringify(link),
        String(link.version),
        String(ttlSeconds(link, lifetimes) ?? ''),
      ]),
    );
    return links.map(() => undefined);
  });

  /** Removes bad copies, so that the next copy takes their place whatever version they claim. */
  async function remove(bad: ReadonlyMap<ShortCode, string>): Promise<void> {
    try {
      await redis.run(REMOVE, [...bad.keys()].map(key), [...bad.values()].map(digestOf));
    } catch {
      // The next reader finds them again.
    }
  }

  return {
    getAll: async (codes) => {
      const reply = await redis.command('MGET', ...codes.map(key));
      const values: readonly unknown[] = Array.isArray(reply) ? reply : [];
      let bad: Map<ShortCode, string> | undefined;
      const copies = codes.map((code, index) => {
        const value = values[index];
        if (typeof value !== 'string') return undefined;
        const copy = readCopy(value, code);
        if (!copy) (bad ??= new Map()).set(code, value);
        return copy;
      });
      if (bad) await remove(bad);
      return copies;
    },
    put,
  };
}
