import type { CreateAlarm } from './alarms/alarm.ts';
import { createBalancedAlarms, createLoadBalancerAlarms } from './alarms/balanced.ts';
import { createBrokerAlarms } from './alarms/broker.ts';
import { createDatabaseAlarms } from './alarms/database.ts';
import { createLambdaAlarms, createScheduleAlarms } from './alarms/lambda.ts';
import { createServiceAlarms } from './alarms/service.ts';
import { createVisitAlarms } from './alarms/visits.ts';
import type { Database } from './database.ts';
import type { Functions } from './functions.ts';
import type { LoadBalancer } from './load-balancer.ts';
import type { Queue } from './queue.ts';
import type { Cluster } from './service.ts';
import type { Stage } from './stage.ts';

interface Watched {
  readonly functions: Functions;
  readonly cluster: Cluster;
  readonly loadBalancer: LoadBalancer;
  readonly database: Database;
  readonly queue: Queue;
}

/** The highest acceptable 99th percentile of response times, in seconds. */
const P99_SECONDS = { redirect: 0.1, links: 2, stats: 2 } as const;

/** Tells a person what a person must look at. docs/deploy.md says what each of them means. */
export function createAlarms(stage: Stage, alarm: CreateAlarm, watched: Watched): void {
  const { functions, cluster, loadBalancer, database, queue } = watched;

  createLoadBalancerAlarms(alarm, loadBalancer);
  for (const name of ['redirect', 'links', 'stats'] as const) {
    const running = functions[name];
    createBalancedAlarms(alarm, loadBalancer, name, running, P99_SECONDS[name]);
    if (running.kind === 'service') createServiceAlarms(stage, alarm, cluster, name, running);
    else createLambdaAlarms(alarm, name, running.lambda, 'OnLambda');
  }
  createServiceAlarms(stage, alarm, cluster, 'visit-writer', functions.visitWriter);
  createLambdaAlarms(alarm, 'counter-flush', functions.counterFlush.lambda);
  createScheduleAlarms(alarm, functions.counterFlush);
  createVisitAlarms(stage, alarm);
  createDatabaseAlarms(stage, alarm, database);
  createBrokerAlarms(stage, alarm, queue);
}
