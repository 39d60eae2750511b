import type { Cache } from '../cache.ts';
import type { Database } from '../database.ts';
import type { Images } from '../images.ts';
import type { LoadBalancer } from '../load-balancer.ts';
import type { Network } from '../network.ts';
import type { Queue } from '../queue.ts';
import type { StoredSecret } from '../secrets.ts';
import type { Cluster } from '../cluster.ts';
import type { Stage } from '../stage.ts';

/** The resources that functions share. */
export interface Shared {
  readonly network: Network;
  readonly database: Database;
  readonly cache: Cache;
  readonly queue: Queue;
  readonly adminKey: StoredSecret;
  readonly images: Images;
  readonly cluster: Cluster;
  readonly loadBalancer: LoadBalancer;
}

export interface Place extends Shared {
  readonly stage: Stage;
}

/** A place whose migrations have run. */
export interface MigratedPlace extends Place {
  readonly migrated: $util.Resource[];
}

export const COMMON = { NODE_ENV: 'production', LOG_LEVEL: 'info' };
