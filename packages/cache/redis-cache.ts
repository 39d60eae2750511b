import type { CachedLink } from '@terse/core/link';
import { type Cache, type CacheLifetimes, ttlSeconds } from './cache.ts';
import type { RedisConnection } from './redis-connection.ts';
import { createScript } from './script.ts';

const PUT = createScript(`
  local present = redis.call('GET', KEYS[1])
  if present and cjson.decode(present).version > tonumber(ARGV[2]) then return 0 end
  if ARGV[3] == '' then redis.call('SET', KEYS[1], ARGV[1])
  else redis.call('SET', KEYS[1], ARGV[1], 'EX', ARGV[3]) end
  return 1
`);

/** The cache of links in Redis, under `short:{code}`. */
export function createRedisCache(redis: RedisConnection, lifetimes: CacheLifetimes): Cache {
  const key = (code: string) => `short:${code}`;
  return {
    get: async (code) => {
      const stored = await redis.command('GET', key(code));
      // What this port wrote: other programs keep out of its keys.
      return typeof stored === 'string' ? (JSON.parse(stored) as CachedLink) : undefined;
    },
    put: async (link) => {
      const ttl = ttlSeconds(link, lifetimes);
      await redis.run(
        PUT,
        [key(link.short_code)],
        [JSON.stringify(link), String(link.version), String(ttl ?? '')],
      );
    },
  };
}
