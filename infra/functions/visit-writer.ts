import { manifest } from '../../functions/visit-writer/manifest.ts';
import { productMetric } from '../metrics.ts';
import { connect } from './connect.ts';
import type { MigratedPlace } from './place.ts';

/** The target number of waiting messages per writer; one message has up to 256 visits. */
const READY_MESSAGES_PER_WRITER = 200;

export function createVisitWriter(place: MigratedPlace) {
  const { name } = manifest;
  const { stage, images, cluster, migrated } = place;
  const { group, environment, secrets } = connect(place, manifest);
  const running = cluster.createService({
    name,
    image: images.build(name, 'runtime'),
    cpu: 512,
    memoryMb: 1024,
    environment,
    secrets,
    group,
    scale: stage.writers,
    // A kill at any moment neither loses nor doubles a visit.
    onSpot: true,
    after: migrated,
  });
  running.track('Queue', {
    targetValue: READY_MESSAGES_PER_WRITER,
    customizedMetricSpecification: readyMessagesPerWriter(place, running.service),
  });
  return { ...running, kind: 'service' as const, name };
}

/** Uses metrics of the writers, because not every broker has queue metrics in CloudWatch. */
function readyMessagesPerWriter({ stage, cluster }: MigratedPlace, { name: service }: aws.ecs.Service) {
  const ready = productMetric(stage, manifest.name, 'visit_queue_ready_messages', 'Maximum');
  const { namespace, metricName, stat, dimensions } = ready;
  const named = (by: Readonly<Record<string, $util.Input<string>>>) =>
    Object.entries(by).map(([name, value]) => ({ name, value }));
  return {
    metrics: [
      {
        id: 'ready',
        returnData: false,
        metricStat: { stat, metric: { namespace, metricName, dimensions: named(dimensions) } },
      },
      {
        id: 'writers',
        returnData: false,
        metricStat: {
          stat: 'Average',
          metric: {
            namespace: 'ECS/ContainerInsights',
            metricName: 'RunningTaskCount',
            dimensions: named({ ClusterName: cluster.cluster.name, ServiceName: service }),
          },
        },
      },
      {
        id: 'each',
        label: 'Ready messages per writer',
        expression: 'ready / FILL(writers, 1)',
        returnData: true,
      },
    ],
  };
}
