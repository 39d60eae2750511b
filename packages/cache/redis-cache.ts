import DataLoader from 'dataloader';
import type { CachedLink } from '@terse/core/link';
import { type Cache, type CacheLifetimes, ttlSeconds } from './cache.ts';
import type { RedisConnection } from './redis-connection.ts';
import { createScript } from './script.ts';

const MAX_PUTS_TOGETHER = 100;

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
 * The cache of links in Redis, under `short:{code}`. Copies that are put in one turn of the event loop share a command:
 * over REST that is one request instead of one for each link.
 */
export function createRedisCache(redis: RedisConnection, lifetimes: CacheLifetimes): Cache {
  const key = (code: string) => `short:${code}`;

  async function putAll(links: readonly CachedLink[]): Promise<void[]> {
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
  }

  const together = new DataLoader(putAll, {
    cache: false,
    maxBatchSize: MAX_PUTS_TOGETHER,
    batchScheduleFn: (send) => setImmediate(send),
  });

  return {
    get: async (code) => {
      const stored = await redis.command('GET', key(code));
      // What this port wrote: other programs keep out of its keys.
      return typeof stored === 'string' ? (JSON.parse(stored) as CachedLink) : undefined;
    },
    put: (link) => together.load(link),
  };
}
