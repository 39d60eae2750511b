import { metricNamespace } from './containers.ts';
import type { Database } from './database.ts';
import type { Functions } from './functions.ts';
import type { LoadBalancer } from './load-balancer.ts';
import type { Queue } from './queue.ts';
import type { Stage } from './stage.ts';

interface Shown {
  readonly functions: Functions;
  readonly loadBalancer: LoadBalancer;
  readonly database: Database;
  readonly queue: Queue;
}

type Line = readonly [namespace: string, metric: string, ...dimensionsAndOptions: unknown[]];

const WIDTH = 8;
const HEIGHT = 6;
const PER_ROW = 3;

/** One page on which a person sees whether all is well, from the visitor to the database. */
export function createDashboard(stage: Stage, { functions, loadBalancer, database, queue }: Shown) {
  const target = functions.redirect.targetGroup.arnSuffix;
  const balancer = loadBalancer.balancer.arnSuffix;
  const redirects = (metric: string, stat: string): Line => [
    'AWS/ApplicationELB',
    metric,
    'LoadBalancer',
    balancer,
    'TargetGroup',
    target,
    { stat },
  ];
  const product = (metric: string, name: string, stat = 'Sum'): Line => [
    metricNamespace(stage),
    metric,
    'function',
    name,
    { stat },
  ];
  const flush = (metric: string): Line => [
    'AWS/Lambda',
    metric,
    'FunctionName',
    functions.counterFlush.lambda.name,
    { stat: 'Sum' },
  ];
  const postgres = (metric: string): Line => [
    'AWS/RDS',
    metric,
    'DBInstanceIdentifier',
    database.instance.identifier,
  ];

  const graphs: readonly (readonly [title: string, lines: readonly Line[]])[] = [
    ['Redirects', [redirects('RequestCount', 'Sum'), redirects('HTTPCode_Target_5XX_Count', 'Sum')]],
    ['Redirects, seconds', [redirects('TargetResponseTime', 'p50'), redirects('TargetResponseTime', 'p99')]],
    ['Visits', [product('visits_stored_total', 'visit-writer'), product('visits_dropped_total', 'redirect')]],
    [
      'Failures',
      [
        product('visit_publish_failures_total', 'redirect'),
        product('visit_count_failures_total', 'redirect'),
        product('cache_failures_total', 'redirect'),
        product('visits_rejected_total', 'visit-writer'),
      ],
    ],
    ...(queue.kind === 'amazon-mq'
      ? [
          [
            'Queue',
            [queueLine(queue.brokerName, 'visits'), queueLine(queue.brokerName, 'visits.dead')],
          ] as const,
        ]
      : []),
    ['Flushes', [flush('Invocations'), flush('Errors'), flush('Throttles')]],
    ['Redis, bytes', [product('redis_used_bytes', 'redirect', 'Maximum')]],
    ['Database, processor', [postgres('CPUUtilization')]],
    ['Database, connections', [postgres('DatabaseConnections')]],
    ['Database, free bytes', [postgres('FreeStorageSpace')]],
  ];

  const region = aws.getRegionOutput().region;
  return new aws.cloudwatch.Dashboard('Dashboard', {
    dashboardName: `terse-${stage.name}`,
    dashboardBody: $jsonStringify({
      widgets: graphs.map(([title, metrics], index) => ({
        type: 'metric',
        x: (index % PER_ROW) * WIDTH,
        y: Math.floor(index / PER_ROW) * HEIGHT,
        width: WIDTH,
        height: HEIGHT,
        properties: { title, metrics, region, period: 60, view: 'timeSeries' },
      })),
    }),
  });
}

function queueLine(broker: string, name: string): Line {
  return [
    'AWS/AmazonMQ',
    'MessageCount',
    'Broker',
    broker,
    'VirtualHost',
    '/',
    'Queue',
    name,
    { stat: 'Maximum' },
  ];
}
