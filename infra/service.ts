import type { CreateAlarm } from './alarms/alarm.ts';
import { createRolloutAlarm } from './alarms/rollout.ts';
import { PORT, START_SECONDS, type TaskOptions } from './containers.ts';
import { COLLECTED, type Collecting } from './metrics.ts';
import type { Network, SecurityGroup } from './network.ts';
import { pascal } from './resource-name.ts';
import { createScaling } from './scaling.ts';
import type { Scale, Stage } from './stage.ts';
import { createTask } from './task.ts';

export interface ServiceOptions extends Omit<TaskOptions, 'metrics'> {
  readonly name: Collecting;
  readonly group: SecurityGroup;
  readonly scale: Scale;
  /** Whether AWS may stop a task at two minutes' notice, for a third of the price. */
  readonly onSpot: boolean;
  readonly targetGroup?: aws.lb.TargetGroup;
  readonly after: $util.Input<$util.Resource>[];
}

interface ServicePlace {
  readonly stage: Stage;
  readonly network: Network;
  readonly alarm: CreateAlarm;
  readonly cluster: aws.ecs.Cluster;
}

export type Service = ReturnType<typeof createService>;

/** Keeps tasks of a function running, and replaces them one by one when it changes. */
export function createService({ stage, network, alarm, cluster }: ServicePlace, options: ServiceOptions) {
  const { name, scale, targetGroup } = options;
  const { definition, logs, secretVersions } = createTask(stage, {
    ...options,
    metrics: COLLECTED[name],
    environment: {
      ...options.environment,
      // The load balancer still sends requests for a moment after the task begins to stop.
      ...(targetGroup && { STOP_DELAY_MS: '5000' }),
    },
  });
  const service = new aws.ecs.Service(
    `${pascal(name)}Service`,
    {
      cluster: cluster.arn,
      taskDefinition: definition.arn,
      desiredCount: scale.min,
      // A task reads its secrets when it starts.
      forceNewDeployment: true,
      triggers: { secrets: secretVersions },
      capacityProviderStrategies: capacityOf(options),
      networkConfiguration: {
        subnets: network.privateSubnets,
        securityGroups: [options.group.id],
        assignPublicIp: false,
      },
      ...(targetGroup && {
        loadBalancers: [{ targetGroupArn: targetGroup.arn, containerName: name, containerPort: PORT }],
        healthCheckGracePeriodSeconds: START_SECONDS,
      }),
      deploymentMinimumHealthyPercent: 100,
      deploymentMaximumPercent: 200,
      // Rolls back when new tasks do not become healthy or do not reach all backing services.
      deploymentCircuitBreaker: { enable: true, rollback: true },
      alarms: {
        enable: true,
        rollback: true,
        alarmNames: [createRolloutAlarm(stage, alarm, name).name],
      },
      waitForSteadyState: stage.isProduction,
      enableExecuteCommand: false,
    },
    // Scaling sets the number of tasks after the first deployment.
    { dependsOn: options.after, ignoreChanges: ['desiredCount'] },
  );
  const track = createScaling({ name, cluster, service, scale });
  track('Cpu', {
    predefinedMetricSpecification: { predefinedMetricType: 'ECSServiceAverageCPUUtilization' },
    targetValue: 60,
  });
  return { service, logs, track, scale };
}

function capacityOf({ onSpot, scale }: ServiceOptions) {
  if (!onSpot) return [{ capacityProvider: 'FARGATE', base: scale.min, weight: 1 }];
  return [
    // One task is not on spot, so that the queue is read even without spare capacity.
    { capacityProvider: 'FARGATE', base: 1, weight: 0 },
    { capacityProvider: 'FARGATE_SPOT', weight: 1 },
  ];
}
