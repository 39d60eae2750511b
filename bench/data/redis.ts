import { setTimeout as sleep } from 'node:timers/promises';
import type { RedisConnection } from '@terse/cache/redis-connection';
import { openRedisTcp } from '@terse/cache/redis-tcp';

const POLL_MS = 10;

/** Works on its own connection to Redis, of the kind that functions use. */
export async function withRedis(url: string, work: (redis: RedisConnection) => Promise<void>): Promise<void> {
  const redis = openRedisTcp({ url, name: 'bench', timeoutMs: 5000, onError: () => undefined });
  while (!(await redis.command('PING').catch(() => undefined))) await sleep(POLL_MS);
  try {
    await work(redis);
  } finally {
    await redis.close();
  }
}
