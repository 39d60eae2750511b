import type { Database } from './database.ts';
import type { Functions } from './functions.ts';
import type { LoadBalancer } from './load-balancer.ts';
import { type Collecting, type COLLECTED, productMetric } from './metrics.ts';
import type { Stage } from './stage.ts';

interface Shown {
  readonly functions: Functions;
  readonly loadBalancer: LoadBalancer;
  readonly database: Database;
}

type Line = readonly [namespace: string, metric: string, ...dimensionsAndOptions: unknown[]];

const WIDTH = 8;
const HEIGHT = 6;
const PER_ROW = 3;

/** Creates one page that shows the health of the product, from the visitor to the database. */
export function createDashboard(stage: Stage, { functions, loadBalancer, database }: Shown) {
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
  const product = <Name extends Collecting>(
    metric: (typeof COLLECTED)[Name][number],
    name: Name,
    stat: 'Sum' | 'Maximum' = 'Sum',
  ): Line => {
    const { namespace, metricName } = productMetric(stage, name, metric, stat);
    return [namespace, metricName, 'function', name, { stat }];
  };
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
    [
      'Queue, messages',
      [
        product('visit_queue_ready_messages', 'visit-writer', 'Maximum'),
        product('visit_queue_unacknowledged_messages', 'visit-writer'),
        product('visit_queue_dead_messages', 'visit-writer', 'Maximum'),
      ],
    ],
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
