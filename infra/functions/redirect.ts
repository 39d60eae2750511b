import { INTERNAL_PORT } from '../containers.ts';
import { HTTPS, REDIS, allow, allowOut } from '../network.ts';
import { COMMON, type MigratedPlace, PORT } from './place.ts';

const REQUESTS_PER_REDIRECT = 60_000;
/** CloudFront and the load balancer each append an address to X-Forwarded-For. */
const BEHIND_THE_EDGE = { TRUSTED_PROXY_HOPS: '2', COUNTRY_HEADER: 'CloudFront-Viewer-Country' };

export function createRedirect(place: MigratedPlace) {
  const { stage, database, cache, queue, images, cluster, loadBalancer, group, migrated } = place;
  const ownGroup = group('redirect');
  database.admit('Redirect', ownGroup);
  queue.admit('Redirect', ownGroup);
  allowOut('Redirect', ownGroup, REDIS);
  allowOut('Redirect', ownGroup, HTTPS);
  allow('LoadBalancerToRedirect', loadBalancer.group, ownGroup, PORT);
  allow('HealthOfRedirect', loadBalancer.group, ownGroup, INTERNAL_PORT);
  const targetGroup = loadBalancer.route('redirect', 'ip');
  const running = cluster.createService({
    name: 'redirect',
    image: images.build('redirect', 'runtime'),
    cpu: 512,
    memoryMb: 1024,
    hasJournal: true,
    environment: { ...COMMON, ...BEHIND_THE_EDGE, JOURNAL_DIR: '/journal' },
    secrets: {
      DATABASE_URL: [database.secrets.redirect, 'url'],
      REDIS_URL: [cache.secret, 'url'],
      RABBITMQ_URL: [queue.secret, 'url'],
    },
    group: ownGroup,
    scale: stage.redirects,
    // Its journal ends with its disk: it is not given up at two minutes' notice to save a few dollars.
    onSpot: false,
    targetGroup,
    after: [...migrated, loadBalancer.listener],
  });
  running.track('Requests', {
    predefinedMetricSpecification: {
      predefinedMetricType: 'ALBRequestCountPerTarget',
      resourceLabel: $interpolate`${loadBalancer.balancer.arnSuffix}/${targetGroup.arnSuffix}`,
    },
    targetValue: REQUESTS_PER_REDIRECT,
  });
  return { ...running, kind: 'service' as const, targetGroup };
}
