import { createContainerLambda } from '../container-lambda.ts';
import { type FunctionSettings, INTERNAL_PORT } from '../containers.ts';
import { pascal } from '../database.ts';
import { HTTPS, REDIS, allow, allowOut } from '../network.ts';
import { COMMON, type MigratedPlace, PORT, restStore } from './place.ts';

/** A load balancer accepts 1 MB from a Lambda, and the answer to a bulk request is several times its size. */
const BODY_KB_ON_LAMBDA = '128';

export function createLinks(place: MigratedPlace) {
  const { stage, database, cache, adminKey } = place;
  const isOnLambda = stage.api === 'lambda';
  return createApiFunction(place, 'links', {
    environment: {
      ...COMMON,
      BASE_URL: `https://${stage.domain}`,
      ...(isOnLambda && { ...restStore(place), MAX_BODY_KB: BODY_KB_ON_LAMBDA }),
    },
    secrets: {
      DATABASE_URL: [database.secrets.links, 'url'],
      ADMIN_API_KEY: [adminKey, 'key'],
      ...(isOnLambda
        ? { UPSTASH_REDIS_REST_TOKEN: [cache.secret, 'restToken'] as const }
        : { REDIS_URL: [cache.secret, 'url'] as const }),
    },
  });
}

export function createStats(place: MigratedPlace) {
  const { database, adminKey } = place;
  return createApiFunction(place, 'stats', {
    environment: COMMON,
    secrets: {
      DATABASE_URL: [database.secrets.stats, 'url'],
      ADMIN_API_KEY: [adminKey, 'key'],
      ...(database.hasReplica && { DATABASE_READ_URL: [database.secrets.stats, 'readUrl'] as const }),
    },
  });
}

/** A function of the API, on what the stage says. */
function createApiFunction(place: MigratedPlace, name: 'links' | 'stats', settings: FunctionSettings) {
  const { stage, network, database, images, cluster, loadBalancer, group, migrated } = place;
  const ownGroup = group(name);
  const resource = pascal(name);
  database.admit(resource, ownGroup);
  if (name === 'stats' && database.hasReplica) database.admit(`${resource}Reads`, ownGroup, 'read');
  allowOut(resource, ownGroup, HTTPS);
  if (stage.api === 'lambda') {
    const targetGroup = loadBalancer.route(name, 'lambda');
    const running = createContainerLambda(stage, network, {
      name,
      image: images.build(name, 'lambda'),
      group: ownGroup,
      memoryMb: 512,
      timeoutSeconds: 15,
      maxConcurrent: 5,
      environment: {
        ...settings.environment,
        // No function answers 599: callers get every answer, and the load balancer counts those with 5xx.
        AWS_LWA_ERROR_STATUS_CODES: '599',
      },
      secrets: settings.secrets,
      after: migrated,
    });
    const permission = new aws.lambda.Permission(`${resource}FromLoadBalancer`, {
      action: 'lambda:InvokeFunction',
      principal: 'elasticloadbalancing.amazonaws.com',
      function: running.lambda.name,
      sourceArn: targetGroup.arn,
    });
    new aws.lb.TargetGroupAttachment(
      `${resource}Target`,
      { targetGroupArn: targetGroup.arn, targetId: running.lambda.arn },
      { dependsOn: [permission] },
    );
    return { ...running, kind: 'lambda' as const, targetGroup };
  }
  if (name === 'links') allowOut(resource, ownGroup, REDIS);
  allow(`LoadBalancerTo${resource}`, loadBalancer.group, ownGroup, PORT);
  allow(`HealthOf${resource}`, loadBalancer.group, ownGroup, INTERNAL_PORT);
  const targetGroup = loadBalancer.route(name, 'ip');
  const running = cluster.createService({
    name,
    image: images.build(name, 'runtime'),
    cpu: 256,
    memoryMb: 512,
    ...settings,
    group: ownGroup,
    scale: stage.apiScale,
    onSpot: false,
    targetGroup,
    after: [...migrated, loadBalancer.listener],
  });
  return { ...running, kind: 'service' as const, targetGroup };
}
