import type { RedisConnection } from '@terse/cache/redis-connection';
import { openRedisRest } from '@terse/cache/redis-rest';
import type { RealServices } from '../real-services.ts';

/** Works on the Redis of the tests, over REST as Lambda does. */
export async function withRedis<T>(
  { upstashUrl, upstashToken }: RealServices,
  work: (redis: RedisConnection) => Promise<T>,
): Promise<T> {
  const redis = openRedisRest({ url: upstashUrl, token: upstashToken, timeoutMs: 2000 });
  try {
    return await work(redis);
  } finally {
    await redis.close();
  }
}
