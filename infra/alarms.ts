import type { CreateAlarm } from './alarms/alarm.ts';
import { createBalancedAlarms, createLoadBalancerAlarms } from './alarms/balanced.ts';
import { createBrokerAlarms } from './alarms/broker.ts';
import { createDatabaseAlarms } from './alarms/database.ts';
import { createLambdaAlarms, createScheduleAlarms } from './alarms/lambda.ts';
import { createServiceAlarms } from './alarms/service.ts';
import { createVisitAlarms } from './alarms/visits.ts';
import type { Cluster } from './cluster.ts';
import type { Database } from './database.ts';
import type { Functions } from './functions.ts';
import type { LoadBalancer } from './load-balancer.ts';
import type { Queue } from './queue.ts';
import type { Stage } from './stage.ts';

interface Watched {
  readonly functions: Functions;
  readonly cluster: Cluster;
  readonly loadBalancer: LoadBalancer;
  readonly database: Database;
  readonly queue: Queue;
}

/** Alerts a person to what needs one. docs/deploy.md says what each alarm means. */
export function createAlarms(stage: Stage, alarm: CreateAlarm, watched: Watched): void {
  const { functions, cluster, loadBalancer, database, queue } = watched;

  createLoadBalancerAlarms(alarm, loadBalancer);
  for (const running of Object.values(functions)) {
    if ('targetGroup' in running) createBalancedAlarms(alarm, loadBalancer, running);
    if (running.kind === 'service') createServiceAlarms(stage, alarm, cluster, running);
    else createLambdaAlarms(alarm, running);
  }
  createScheduleAlarms(alarm, functions.counterFlush);
  createVisitAlarms(stage, alarm);
  createDatabaseAlarms(stage, alarm, database);
  createBrokerAlarms(stage, alarm, queue);
}
