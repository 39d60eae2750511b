import { manifest } from '../../functions/redirect/manifest.ts';
import { balanceTasks } from './balance.ts';
import { connect } from './connect.ts';
import type { MigratedPlace } from './place.ts';

/** The last rule of the load balancer, because its route matches every path. */
const PRIORITY = 30;
const REQUESTS_PER_REDIRECT = 60_000;
/** CloudFront and the load balancer each append an address to X-Forwarded-For. */
const BEHIND_THE_EDGE = { TRUSTED_PROXY_HOPS: '2', COUNTRY_HEADER: 'CloudFront-Viewer-Country' };

export function createRedirect(place: MigratedPlace) {
  const { name } = manifest;
  const { stage, images, cluster, loadBalancer, migrated } = place;
  const { group, environment, secrets } = connect(place, manifest);
  const targetGroup = balanceTasks(place, manifest, group, PRIORITY);
  const running = cluster.createService({
    name,
    image: images.build(name, 'runtime'),
    cpu: 512,
    memoryMb: 1024,
    hasJournal: true,
    environment: { ...environment, ...BEHIND_THE_EDGE, JOURNAL_DIR: '/journal' },
    secrets,
    group,
    scale: stage.redirects,
    // Its journal is lost with its disk, which a few dollars are not worth.
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
  return { ...running, kind: 'service' as const, name, targetGroup, p99Seconds: 0.1 };
}
