import { readConfig } from '@terse/runtime/settings/config';
import { START_GRACE_MS } from '@terse/runtime/telemetry/readiness';
import { describe, expect, inject, test } from 'vitest';
import { pascal } from '../../infra/resource-name.ts';
import { containersOf } from './functions-of-plan.ts';
import { collectorOf, metricsOfDashboard, metricsShownBy } from './metrics-of-plan.ts';
import { readPlan } from './plans.ts';
import { MANIFESTS, PRODUCT_FUNCTIONS } from '../../functions/manifests.ts';

const PLANS = Object.entries(inject('plans')).map(([name, plan]) => [name, readPlan(plan)] as const);

const { internalPort: INTERNAL_PORT } = readConfig(MANIFESTS.standalone, {});

/** Metrics that AWS documents, with their dimensions. Queues of RabbitMQ 4 have none. */
const PUBLISHED_BY_AWS = new Set([
  ...['HTTPCode_Target_5XX_Count', 'TargetResponseTime', 'UnHealthyHostCount'].map(
    (metric) => `AWS/ApplicationELB ${metric} by LoadBalancer, TargetGroup`,
  ),
  'AWS/ApplicationELB HTTPCode_ELB_5XX_Count by LoadBalancer',
  'ECS/ContainerInsights RunningTaskCount by ClusterName, ServiceName',
  'AWS/ECS CPUUtilization by ClusterName, ServiceName',
  ...['Errors', 'Invocations', 'Throttles'].map((metric) => `AWS/Lambda ${metric} by FunctionName`),
  'AWS/SQS ApproximateNumberOfMessagesVisible by QueueName',
  ...['DatabaseConnections', 'FreeStorageSpace', 'CPUUtilization'].map(
    (metric) => `AWS/RDS ${metric} by DBInstanceIdentifier`,
  ),
  ...['RabbitMQMemUsed', 'RabbitMQMemLimit'].map((metric) => `AWS/AmazonMQ ${metric} by Broker`),
]);

interface AlarmMetric {
  readonly namespace?: string;
  readonly metricName?: string;
  readonly dimensions?: Readonly<Record<string, string>>;
  readonly metricQueries?: readonly { readonly metric?: AlarmMetric }[];
}

/** Returns the metrics of an alarm: one, or several of an expression. */
function metricsOf(alarm: AlarmMetric): AlarmMetric[] {
  return [alarm, ...(alarm.metricQueries ?? []).flatMap(({ metric }) => metric ?? [])];
}

describe.each(PLANS)('%s', (_, plan) => {
  test('watches every function and alerts a person', () => {
    const alarms = plan.of('cloudwatch/metricAlarm');
    const topic = plan.one('sns/topic', 'Alarms');
    for (const { inputs } of alarms) {
      expect(inputs['alarmActions']).toEqual([expect.stringContaining(topic.name)]);
    }
    const watched = (dimension: string, value: string) =>
      alarms
        .flatMap(({ inputs }) => metricsOf(inputs))
        .filter(({ dimensions }) => dimensions?.[dimension] === value)
        .map(({ metricName }) => metricName);

    for (const { name } of plan.of('ecs/service')) {
      expect(watched('ServiceName', `${name}-name`), name).toEqual(
        expect.arrayContaining(['RunningTaskCount', 'CPUUtilization']),
      );
    }
    for (const { inputs } of plan.of('lambda/function')) {
      expect(watched('FunctionName', String(inputs['name']))).toEqual(
        expect.arrayContaining(['Errors', 'Throttles']),
      );
    }
    for (const { name, inputs } of plan.of('lb/targetGroup')) {
      const metrics = watched('TargetGroup', `suffix/${name}`);
      expect(metrics).toEqual(expect.arrayContaining(['HTTPCode_Target_5XX_Count', 'TargetResponseTime']));
      expect(metrics.includes('UnHealthyHostCount')).toBe(inputs['targetType'] === 'ip');
    }
    expect(watched('LoadBalancer', 'suffix/LoadBalancer')).toContain('HTTPCode_ELB_5XX_Count');
    for (const { name } of plan.of('rds/instance')) {
      expect(watched('DBInstanceIdentifier', name.toLowerCase())).toEqual(
        expect.arrayContaining(['DatabaseConnections', 'FreeStorageSpace', 'CPUUtilization']),
      );
    }
    for (const { name } of plan.of('sqs/queue')) expect(watched('QueueName', `${name}-name`)).toHaveLength(1);
    for (const { name } of plan.of('ecs/service')) {
      const functionName = PRODUCT_FUNCTIONS.find((each) => `${pascal(each)}Service` === name) ?? '';
      expect(watched('function', functionName), name).toContain('backing_services_unreached');
    }
    expect(watched('function', 'redirect')).toEqual(
      expect.arrayContaining(['redis_used_bytes', 'visit_count_failures_total', 'visits_dropped_total']),
    );
    expect(watched('function', 'visit-writer'), 'on every broker').toEqual(
      expect.arrayContaining([
        'visit_queue_ready_messages',
        'visit_queue_dead_messages',
        'visit_storage_stalled',
      ]),
    );
  });

  test('says for each alarm what missing data means, and alerts on missing data of the queue', () => {
    const alarms = plan.of('cloudwatch/metricAlarm');
    expect(alarms.length).toBeGreaterThan(25);
    for (const { name, inputs } of alarms) {
      expect(['breaching', 'notBreaching'], name).toContain(inputs['treatMissingData']);
    }
    const ofQueue = alarms.filter(({ inputs }) =>
      metricsOf(inputs).some(({ metricName }) => /^visit_(?:queue|storage)/.test(metricName ?? '')),
    );
    expect(ofQueue.length).toBeGreaterThanOrEqual(4);
    for (const { name, inputs } of ofQueue) expect(inputs['treatMissingData'], name).toBe('breaching');
    // A missing product metric means missing metrics as a whole, which one alarm for each service reports.
    for (const { name } of plan.of('ecs/service')) {
      expect(
        plan.one('cloudwatch/metricAlarm', name.replace(/Service$/, 'MetricsAlarm')).inputs,
      ).toMatchObject({
        metricName: 'backing_services_unreached',
        statistic: 'SampleCount',
        comparisonOperator: 'LessThanThreshold',
        treatMissingData: 'breaching',
      });
    }
  });

  test('uses only metrics that AWS publishes', () => {
    const asked = plan
      .of('cloudwatch/metricAlarm')
      .flatMap(({ inputs }) => metricsOf(inputs))
      .flatMap(({ namespace, metricName, dimensions }) =>
        metricName === undefined || namespace?.startsWith('Terse/')
          ? []
          : [
              `${namespace} ${metricName} by ${Object.keys(dimensions ?? {})
                .toSorted()
                .join(', ')}`,
            ],
      );
    expect([...new Set(asked)].filter((metric) => !PUBLISHED_BY_AWS.has(metric))).toEqual([]);
  });

  test('collects metrics that each function has, and uses only collected metrics', async () => {
    const collectors = containersOf(plan).filter(([, { name }]) => name === 'metrics');
    expect(collectors).toHaveLength(plan.of('ecs/service').length);
    const collected = new Map<string, ReadonlySet<string>>();
    for (const [, { environment }] of collectors) {
      const { name, selectors, exporter } = collectorOf(environment);
      expect(exporter, 'increments before the first scrape count').toMatchObject({
        retain_initial_value_of_delta_metric: true,
      });
      const shown = await metricsShownBy(name);
      for (const metric of selectors) expect(shown, name).toContain(`# TYPE ${metric} `);
      collected.set(name, new Set(selectors));
    }
    const alarms = plan.of('cloudwatch/metricAlarm').flatMap(({ inputs }) => metricsOf(inputs));
    const ofProduct = [...alarms, ...metricsOfDashboard(plan)].filter(
      ({ namespace }) => namespace === `Terse/${plan.app.stage}`,
    );
    expect(ofProduct.length).toBeGreaterThan(15);
    for (const { metricName = '', dimensions } of ofProduct) {
      const name = dimensions?.['function'] ?? '';
      expect(collected.get(name), `${metricName} of ${name}`).toContain(metricName);
    }
  });

  test('rolls back when new tasks do not reach their backing services', () => {
    for (const { name, inputs } of plan.of('ecs/service')) {
      const unreached = name.replace(/Service$/, 'UnreachedAlarm');
      expect(inputs, name).toMatchObject({
        deploymentCircuitBreaker: { enable: true, rollback: true },
        alarms: { enable: true, rollback: true, alarmNames: [`${unreached}-name`] },
        deploymentMinimumHealthyPercent: 100,
      });
      expect(plan.one('cloudwatch/metricAlarm', unreached).inputs).toMatchObject({
        metricName: 'backing_services_unreached',
        threshold: 0,
        comparisonOperator: 'GreaterThanThreshold',
      });
    }
    const balanced = plan.of('ecs/service').filter(({ inputs }) => inputs['loadBalancers']);
    for (const { name, inputs } of balanced) {
      expect(inputs['healthCheckGracePeriodSeconds'], name).toBeGreaterThan(START_GRACE_MS / 1000);
    }
    const served = containersOf(plan).filter(([, { healthCheck }]) => healthCheck);
    expect(served).toHaveLength(plan.of('ecs/service').length);
    for (const [definition, { healthCheck }] of served) {
      expect(healthCheck?.command.join(' '), definition).toContain(`127.0.0.1:${INTERNAL_PORT}/.started`);
      expect(healthCheck?.startPeriod, 'a task is not given up within its grace period').toBeGreaterThan(
        START_GRACE_MS / 1000,
      );
    }
    for (const { inputs } of plan
      .of('lb/targetGroup')
      .filter(({ inputs }) => inputs['targetType'] === 'ip')) {
      expect(inputs['healthCheck']).toMatchObject({ path: '/.started', port: String(INTERNAL_PORT) });
    }
  });
});
