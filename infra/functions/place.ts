import type { Cache } from '../cache.ts';
import type { Database } from '../database.ts';
import type { Images } from '../images.ts';
import type { LoadBalancer } from '../load-balancer.ts';
import type { Network, SecurityGroup } from '../network.ts';
import type { Queue } from '../queue.ts';
import type { StoredSecret } from '../secrets.ts';
import type { Cluster } from '../service.ts';
import type { Stage } from '../stage.ts';

/** The resources that a function uses. */
export interface Parts {
  readonly network: Network;
  readonly database: Database;
  readonly cache: Cache;
  readonly queue: Queue;
  readonly adminKey: StoredSecret;
  readonly images: Images;
  readonly cluster: Cluster;
  readonly loadBalancer: LoadBalancer;
}

export interface Place extends Parts {
  readonly stage: Stage;
  readonly group: (name: string) => SecurityGroup;
}

/** A place whose migrations have run. */
export interface MigratedPlace extends Place {
  readonly migrated: $util.Resource[];
}

/** The port for callers of a function. */
export const PORT = 8080;

export const COMMON = { NODE_ENV: 'production', LOG_LEVEL: 'info' };

/** Redis over REST, because a connection does not survive a frozen Lambda. */
export function restStore({ cache }: Place) {
  return { UPSTASH_REDIS_REST_URL: cache.restUrl };
}
