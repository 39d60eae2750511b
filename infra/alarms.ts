import { metricNamespace } from './containers.ts';
import { type Database, pascal } from './database.ts';
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

type Dimensions = Readonly<Record<string, $util.Input<string>>>;

interface Metric {
  readonly namespace: string;
  readonly metricName: string;
  readonly dimensions: Dimensions;
  readonly stat: string;
}

interface Alarm {
  readonly says: string;
  /** One metric, or several by name and what is made of them. */
  readonly metric: Metric | { readonly expression: string; readonly of: Readonly<Record<string, Metric>> };
  readonly above?: number;
  readonly below?: number;
  /** For how many minutes in a row. */
  readonly minutes: number;
  /** What no data means: mostly that nothing happened. */
  readonly withoutData?: 'notBreaching' | 'breaching';
}

/** Where alarms go: a person confirms the subscription once. */
export function createTopic(stage: Stage) {
  const topic = new aws.sns.Topic('Alarms');
  new aws.sns.TopicSubscription('AlarmsByMail', {
    topic: topic.arn,
    protocol: 'email',
    endpoint: stage.alertEmail,
  });
  return topic;
}

/** Tells a person what a person must look at. docs/deploy.md says what each of them means. */
export function createAlarms(stage: Stage, topic: aws.sns.Topic, watched: Watched): void {
  const { functions, cluster, loadBalancer, database, queue } = watched;

  service('redirect', stage.redirects.min);
  balanced('redirect', 0.1);
  product(
    'redirect',
    'VisitsDropped',
    'visits_dropped_total',
    'Visits were given up: neither queue, nor memory, nor disk took them',
    1,
  );
  product(
    'redirect',
    'CountsFail',
    'visit_count_failures_total',
    'Redis does not take counts: down, or full',
    5,
  );

  alarm('RedisMemory', {
    says: `Redis holds more than ${stage.redis.megabytes} MB`,
    metric: {
      namespace: metricNamespace(stage),
      metricName: 'redis_used_bytes',
      dimensions: { function: 'redirect' },
      stat: 'Maximum',
    },
    above: stage.redis.megabytes * 1_000_000,
    minutes: 5,
  });

  alarm('LoadBalancerErrors', {
    says: 'The load balancer answers with errors of its own: nobody behind it does',
    metric: {
      namespace: 'AWS/ApplicationELB',
      metricName: 'HTTPCode_ELB_5XX_Count',
      dimensions: { LoadBalancer: loadBalancer.balancer.arnSuffix },
      stat: 'Sum',
    },
    above: 10,
    minutes: 3,
  });

  for (const name of ['links', 'stats'] as const) {
    balanced(name, 2);
    if (functions[name].kind === 'lambda') lambda(name, functions[name].lambda);
    else service(name, stage.apiScale.min);
  }

  service('visit-writer', stage.writers.min);

  lambda('counter-flush', functions.counterFlush.lambda);
  alarm('CounterFlushAge', {
    says: 'Counts were not brought to the links for ten minutes',
    metric: {
      expression: 'FILL(invocations, 0) - FILL(errors, 0)',
      of: {
        invocations: lambdaMetric(functions.counterFlush.lambda, 'Invocations'),
        errors: lambdaMetric(functions.counterFlush.lambda, 'Errors'),
      },
    },
    below: 1,
    minutes: 10,
    withoutData: 'breaching',
  });
  alarm('CounterFlushDeadLetters', {
    says: 'A tick of the schedule was given up after its retries',
    metric: {
      namespace: 'AWS/SQS',
      metricName: 'ApproximateNumberOfMessagesVisible',
      dimensions: { QueueName: functions.counterFlush.deadLetters.name },
      stat: 'Maximum',
    },
    above: 0,
    minutes: 1,
  });

  databaseInstance('Database', database.instance);
  if (database.replica) databaseInstance('DatabaseReplica', database.replica);
  broker();

  function alarm(
    name: string,
    { says, metric, above, below, minutes, withoutData = 'notBreaching' }: Alarm,
  ): void {
    const of = (source: Metric) => ({ ...source, period: 60 });
    new aws.cloudwatch.MetricAlarm(`${name}Alarm`, {
      alarmDescription: `${says} (${stage.name}).`,
      comparisonOperator: above === undefined ? 'LessThanThreshold' : 'GreaterThanThreshold',
      threshold: above ?? below,
      evaluationPeriods: minutes,
      datapointsToAlarm: minutes,
      treatMissingData: withoutData,
      alarmActions: [topic.arn],
      okActions: [topic.arn],
      ...('expression' in metric
        ? {
            metricQueries: [
              { id: 'result', expression: metric.expression, label: says, returnData: true },
              ...Object.entries(metric.of).map(([id, source]) => ({
                id,
                metric: of(source),
                returnData: false,
              })),
            ],
          }
        : {
            namespace: metric.namespace,
            metricName: metric.metricName,
            dimensions: metric.dimensions,
            period: 60,
            ...(/^p\d/.test(metric.stat) ? { extendedStatistic: metric.stat } : { statistic: metric.stat }),
          }),
    });
  }

  function service(name: 'redirect' | 'links' | 'stats' | 'visit-writer', min: number): void {
    const running = name === 'visit-writer' ? functions.visitWriter : functions[name];
    if (running.kind !== 'service') return;
    const dimensions = { ClusterName: cluster.cluster.name, ServiceName: running.service.name };
    alarm(`${pascal(name)}Running`, {
      says: `Fewer than ${min} of ${name} run`,
      metric: {
        namespace: 'ECS/ContainerInsights',
        metricName: 'RunningTaskCount',
        dimensions,
        stat: 'Minimum',
      },
      below: min,
      minutes: 5,
      withoutData: 'breaching',
    });
    alarm(`${pascal(name)}Cpu`, {
      says: `${name} is at its limit, and has all that it may scale to`,
      metric: { namespace: 'AWS/ECS', metricName: 'CPUUtilization', dimensions, stat: 'Average' },
      above: 85,
      minutes: 10,
    });
  }

  function balanced(name: 'redirect' | 'links' | 'stats', p99Seconds: number): void {
    const { targetGroup } = functions[name];
    const metric = (metricName: string, stat: string): Metric => ({
      namespace: 'AWS/ApplicationELB',
      metricName,
      dimensions: { LoadBalancer: loadBalancer.balancer.arnSuffix, TargetGroup: targetGroup.arnSuffix },
      stat,
    });
    alarm(`${pascal(name)}Errors`, {
      says: `${name} answers with errors`,
      metric: metric('HTTPCode_Target_5XX_Count', 'Sum'),
      above: 10,
      minutes: 3,
    });
    alarm(`${pascal(name)}Slow`, {
      says: `One in a hundred answers of ${name} takes longer than ${p99Seconds} s`,
      metric: metric('TargetResponseTime', 'p99'),
      above: p99Seconds,
      minutes: 5,
    });
    // What runs on Lambda is not asked for its health.
    if (functions[name].kind === 'service') {
      alarm(`${pascal(name)}Unhealthy`, {
        says: `A ${name} does not answer the load balancer`,
        metric: metric('UnHealthyHostCount', 'Maximum'),
        above: 0,
        minutes: 5,
      });
    }
  }

  function lambda(name: string, source: aws.lambda.Function): void {
    alarm(`${pascal(name)}Errors`.concat(name === 'counter-flush' ? '' : 'OnLambda'), {
      says: `${name} fails`,
      metric: lambdaMetric(source, 'Errors'),
      above: 0,
      minutes: 3,
    });
    alarm(`${pascal(name)}Throttled`, {
      says: `More of ${name} is asked for than may run at once`,
      metric: lambdaMetric(source, 'Throttles'),
      above: 0,
      minutes: 3,
    });
  }

  /** Counted by the product itself, and brought to CloudWatch by the collector beside it. */
  function product(name: string, alarmName: string, metricName: string, says: string, minutes: number): void {
    alarm(alarmName, {
      says,
      metric: { namespace: metricNamespace(stage), metricName, dimensions: { function: name }, stat: 'Sum' },
      above: 0,
      minutes,
    });
  }

  function databaseInstance(name: string, instance: aws.rds.Instance): void {
    const metric = (metricName: string, stat: string): Metric => ({
      namespace: 'AWS/RDS',
      metricName,
      dimensions: { DBInstanceIdentifier: instance.identifier },
      stat,
    });
    alarm(`${name}Connections`, {
      says: 'The database has few connections left',
      metric: metric('DatabaseConnections', 'Maximum'),
      above: stage.database.manyConnections,
      minutes: 5,
    });
    alarm(`${name}Storage`, {
      says: 'The database has less than a tenth of its first disk left, though the disk grows by itself',
      metric: metric('FreeStorageSpace', 'Minimum'),
      below: stage.database.storageGb * 1024 ** 3 * 0.1,
      minutes: 5,
    });
    alarm(`${name}Cpu`, {
      says: 'The database is at its limit',
      metric: metric('CPUUtilization', 'Average'),
      above: 85,
      minutes: 15,
    });
  }

  function broker(): void {
    if (queue.kind === 'cloudamqp') {
      cloudAmqpAlarms(stage, queue.instanceId);
      return;
    }
    const of = (metricName: string, stat: string, name?: string): Metric => ({
      namespace: 'AWS/AmazonMQ',
      metricName,
      dimensions: { Broker: queue.brokerName, ...(name !== undefined && { VirtualHost: '/', Queue: name }) },
      stat,
    });
    alarm('QueueDepth', {
      says: 'Visits pile up in the queue',
      metric: of('MessageReadyCount', 'Maximum', 'visits'),
      above: 10_000,
      minutes: 5,
    });
    // RabbitMQ does not tell how old a message is: how many wait, by how many are dealt with a second, says how long they do.
    alarm('QueueAge', {
      says: 'A visit waits more than five minutes in the queue',
      metric: {
        expression: 'IF(depth > 0, IF(FILL(rate, 0) > 0, depth / rate, 3600), 0)',
        of: { depth: of('MessageCount', 'Average', 'visits'), rate: of('AckRate', 'Average') },
      },
      above: 300,
      minutes: 5,
    });
    alarm('DeadLetters', {
      says: 'Something could not be stored as a visit',
      metric: of('MessageCount', 'Maximum', 'visits.dead'),
      above: 0,
      minutes: 1,
    });
    alarm('BrokerMemory', {
      says: 'The broker is short of memory, and will take no more visits',
      metric: {
        expression: '100 * used / allowed',
        of: { used: of('RabbitMQMemUsed', 'Maximum'), allowed: of('RabbitMQMemLimit', 'Minimum') },
      },
      above: 80,
      minutes: 5,
    });
  }
}

function cloudAmqpAlarms(stage: Stage, instanceId: $util.Output<number>): void {
  const recipient = new cloudamqp.Notification('BrokerAlarmsByMail', {
    instanceId,
    type: 'email',
    value: stage.alertEmail,
  });
  const alarm = (name: string, queueRegex: string, valueThreshold: number, timeThreshold: number) =>
    new cloudamqp.Alarm(`${name}Alarm`, {
      instanceId,
      type: 'queue',
      enabled: true,
      messageType: 'total',
      vhostRegex: '.*',
      queueRegex,
      valueThreshold,
      timeThreshold,
      recipients: [recipient.id.apply(Number)],
    });
  alarm('QueueDepth', '^visits$', 10_000, 300);
  alarm('DeadLetters', '^visits\\.dead$', 0, 60);
}

function lambdaMetric(source: aws.lambda.Function, metricName: string): Metric {
  return { namespace: 'AWS/Lambda', metricName, dimensions: { FunctionName: source.name }, stat: 'Sum' };
}
