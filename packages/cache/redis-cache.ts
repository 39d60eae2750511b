import { batched } from '@terse/core/batched';
import type { CachedLink } from '@terse/core/link';
import { type Cache, type CacheLifetimes, ttlSeconds } from './cache.ts';
import type { RedisConnection } from './redis-connection.ts';
import { createScript } from './script.ts';

/** For each key its copy, the version of it and its time to live. What cannot be read is replaced. */
const PUT = createScript(`
  for i, key in ipairs(KEYS) do
    local copy, version, ttl = ARGV[3 * i - 2], tonumber(ARGV[3 * i - 1]), ARGV[3 * i]
    local _, present = pcall(cjson.decode, redis.call('GET', key) or '')
    if type(present) ~= 'table' or present.version <= version then
      if ttl == '' then redis.call('SET', key, copy)
      else redis.call('SET', key, copy, 'EX', ttl) end
    end
  end
  return 1
`);

/**
 * The cache of links in Redis, under `short:{code}`. Copies that are put in one turn of the event loop share a command: over
 * REST that is one request instead of one for each link.
 */
export function createRedisCache(
  redis: Pick<RedisConnection, 'command' | 'run'>,
  lifetimes: CacheLifetimes,
): Cache {
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

  return {
    getAll: async (codes) => {
      const copies = await redis.command('MGET', ...codes.map(key));
      return codes.map((_, index) => (Array.isArray(copies) ? read(copies[index]) : undefined));
    },
    put,
  };
}

/** What this port wrote: other programs keep out of its keys. What one of them left there all the same is as good as nothing. */
function read(copy: unknown): CachedLink | undefined {
  if (typeof copy !== 'string') return undefined;
  try {
    return JSON.parse(copy) as CachedLink;
  } catch {
    return undefined;
  }
}
