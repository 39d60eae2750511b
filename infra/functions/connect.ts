import type { FunctionManifest, Need } from '@terse/platform/function-manifest';
import type { FunctionSettings } from '../containers.ts';
import { HTTPS, REDIS, type SecurityGroup, allowOut } from '../network.ts';
import { pascal } from '../resource-name.ts';
import { COMMON, type Place } from './place.ts';

/** A Lambda uses REST, because no connection survives its freeze. */
type RedisTransport = 'tcp' | 'rest';

interface Reached extends Partial<FunctionSettings> {
  /** The rules of the network that admit the function. */
  readonly rules: readonly $util.Resource[];
}

interface Connected extends Required<Reached> {
  /** The security group of this function only. */
  readonly group: SecurityGroup;
}

/** Gives a function a security group and settings that reach what its manifest needs, and nothing else. */
export function connect(
  place: Place,
  manifest: FunctionManifest,
  redisOver: RedisTransport = 'tcp',
): Connected {
  const resource = pascal(manifest.name);
  const group = place.network.group(resource, `The function ${manifest.name}`);
  const reach: Record<Need, () => Reached> = {
    database: () => reachDatabase(place, manifest, group),
    store: () => reachRedis(place, manifest, group, redisOver),
    queue: () => ({
      secrets: { RABBITMQ_URL: [place.queue.secret, 'url'] },
      rules: place.queue.admit(resource, group),
    }),
  };
  const reached = manifest.needs.map((need) => reach[need]());
  return {
    group,
    environment: { ...COMMON, ...merged(reached.map(({ environment }) => environment)) },
    secrets: merged(reached.map(({ secrets }) => secrets)),
    rules: [...reached.flatMap(({ rules }) => rules), allowOut(resource, group, HTTPS)],
  };
}

function reachDatabase({ database }: Place, manifest: FunctionManifest, group: SecurityGroup): Reached {
  const resource = pascal(manifest.name);
  const secret = database.secretOf(manifest);
  const readsReplica = manifest.readsReplica && database.hasReplica;
  return {
    secrets: {
      DATABASE_URL: [secret, 'url'],
      ...(readsReplica && { DATABASE_READ_URL: [secret, 'readUrl'] as const }),
    },
    rules: [
      ...database.admit(resource, group),
      ...(readsReplica ? database.admit(`${resource}Reads`, group, 'read') : []),
    ],
  };
}

function reachRedis(
  { cache }: Place,
  { name }: FunctionManifest,
  group: SecurityGroup,
  over: RedisTransport,
): Reached {
  if (over === 'tcp') {
    return { secrets: { REDIS_URL: [cache.secret, 'url'] }, rules: [allowOut(pascal(name), group, REDIS)] };
  }
  return {
    environment: { UPSTASH_REDIS_REST_URL: cache.restUrl },
    secrets: { UPSTASH_REDIS_REST_TOKEN: [cache.secret, 'restToken'] },
    rules: [],
  };
}

function merged<T>(
  records: readonly (Readonly<Record<string, T>> | undefined)[],
): Readonly<Record<string, T>> {
  return Object.fromEntries(records.flatMap((record) => Object.entries(record ?? {})));
}
