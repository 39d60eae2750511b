import { storeSecret } from './secrets.ts';
import type { Stage } from './stage.ts';

export type Cache = ReturnType<typeof createCache>;

/** Redis at Upstash, over TLS only: TCP for services, REST for Lambdas, which freeze between two calls. */
export function createCache(stage: Stage) {
  const redis = new upstash.RedisDatabase('Redis', {
    databaseName: `terse-${stage.name}`,
    region: 'global',
    primaryRegion: aws.getRegionOutput().region,
    tls: true,
    // Counts have no time to live: a full Redis must refuse writes, never evict.
    eviction: false,
    budget: stage.redis.budgetUsd,
  });
  return {
    restUrl: $interpolate`https://${redis.endpoint}`,
    secret: storeSecret(stage, 'Redis', {
      url: $interpolate`rediss://default:${redis.password}@${redis.endpoint}:${redis.port}`,
      restToken: redis.restToken,
    }),
  };
}
