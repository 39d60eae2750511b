import { HTTPS, allowOut } from '../network.ts';
import { productMetric } from '../metrics.ts';
import { COMMON, type MigratedPlace } from './place.ts';

/** Messages that wait for each writer; one message carries up to 256 visits. */
const READY_MESSAGES_PER_WRITER = 200;

export function createVisitWriter(place: MigratedPlace) {
  const { stage, database, queue, images, cluster, group, migrated } = place;
  const ownGroup = group('visit-writer');
  database.admit('VisitWriter', ownGroup);
  queue.admit('VisitWriter', ownGroup);
  allowOut('VisitWriter', ownGroup, HTTPS);
  const running = cluster.createService({
    name: 'visit-writer',
    image: images.build('visit-writer', 'runtime'),
    cpu: 512,
    memoryMb: 1024,
    environment: COMMON,
    secrets: {
      DATABASE_URL: [database.secrets['visit-writer'], 'url'],
      RABBITMQ_URL: [queue.secret, 'url'],
    },
    group: ownGroup,
    scale: stage.writers,
    // Killing it anywhere neither loses nor doubles a visit.
    onSpot: true,
    after: migrated,
  });
  running.track('Queue', {
    targetValue: READY_MESSAGES_PER_WRITER,
    customizedMetricSpecification: readyMessagesPerWriter(place, running.service),
  });
  return { ...running, kind: 'service' as const };
}

/** From metrics of the writers, because not every broker has queue metrics in CloudWatch. */
function readyMessagesPerWriter({ stage, cluster }: MigratedPlace, { name: service }: aws.ecs.Service) {
  const { namespace, metricName, stat, dimensions } = productMetric(
    stage,
    'visit-writer',
    'visit_queue_ready_messages',
    'Maximum',
  );
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
