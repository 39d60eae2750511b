import { pascal } from './database.ts';
import type { CreateAlarm } from './alarms/alarm.ts';
import { createRolloutAlarm } from './alarms/rollout.ts';
import {
  type Container,
  JOURNAL,
  START_SECONDS,
  type TaskOptions,
  collector,
  functionContainer,
} from './containers.ts';
import { COLLECTED, type Collecting } from './metrics.ts';
import { ARCHITECTURE } from './images.ts';
import type { Network, SecurityGroup } from './network.ts';
import { createRole, pullImages, readSecrets, writeLogs } from './permissions.ts';
import { versionsOf } from './secrets.ts';
import type { Scale, Stage } from './stage.ts';

export interface ServiceOptions extends Omit<TaskOptions, 'metrics'> {
  readonly name: Collecting;
  readonly group: SecurityGroup;
  readonly scale: Scale;
  /** Whether AWS may take a machine back at two minutes' notice, for a third of the price. */
  readonly onSpot: boolean;
  readonly targetGroup?: aws.lb.TargetGroup;
  readonly after: $util.Input<$util.Resource>[];
}

export type Cluster = ReturnType<typeof createCluster>;
export type Task = ReturnType<Cluster['createTask']>;
export type Service = ReturnType<Cluster['createService']>;

/** Runs containers on Fargate. */
export function createCluster(stage: Stage, network: Network, alarm: CreateAlarm) {
  const cluster = new aws.ecs.Cluster('Cluster', {
    settings: [{ name: 'containerInsights', value: 'enabled' }],
  });
  new aws.ecs.ClusterCapacityProviders('ClusterCapacity', {
    clusterName: cluster.name,
    capacityProviders: ['FARGATE', 'FARGATE_SPOT'],
  });

  /** What runs, with the rights of its function and of no other. */
  function createTask(options: TaskOptions) {
    const name = pascal(options.name);
    const logs = new aws.cloudwatch.LogGroup(`${name}Logs`, { retentionInDays: stage.logDays });
    const secrets = Object.values(options.secrets).map(([secret]) => secret);
    const secretArns = secrets.map(({ arn }) => arn);
    const containers: Container[] = [functionContainer(options, logs)];
    if (options.metrics) containers.push(collector(stage, options.name, options.metrics, logs));

    // Fetches the image and the secrets, before the function starts.
    const executionRole = createRole(`${name}Execution`, {
      service: 'ecs-tasks',
      policies: {
        image: pullImages(options.image.repositoryArn),
        logs: [writeLogs(logs)],
        secrets: readSecrets(secretArns),
      },
    });
    // What the function itself may do on AWS: nothing but bring its metrics to the log.
    const taskRole = createRole(`${name}Task`, {
      service: 'ecs-tasks',
      policies: options.metrics ? { metrics: [writeLogs(logs)] } : {},
    });
    const definition = new aws.ecs.TaskDefinition(`${name}Definition`, {
      family: `terse-${stage.name}-${options.name}`,
      requiresCompatibilities: ['FARGATE'],
      networkMode: 'awsvpc',
      cpu: `${options.cpu}`,
      memory: `${options.memoryMb}`,
      runtimePlatform: { cpuArchitecture: ARCHITECTURE.ecs, operatingSystemFamily: 'LINUX' },
      executionRoleArn: executionRole.arn,
      taskRoleArn: taskRole.arn,
      ...(options.hasJournal && { volumes: [{ name: JOURNAL }] }),
      containerDefinitions: $jsonStringify(containers),
    });
    return { name: options.name, definition, logs, secretVersions: versionsOf(secrets) };
  }

  function createService(options: ServiceOptions) {
    const name = pascal(options.name);
    const { definition, logs, secretVersions } = createTask({
      ...options,
      metrics: COLLECTED[options.name],
      environment: {
        ...options.environment,
        // A load balancer sends requests for a moment after the task is told to stop.
        ...(options.targetGroup && { STOP_DELAY_MS: '5000' }),
      },
    });
    const service = new aws.ecs.Service(
      `${name}Service`,
      {
        cluster: cluster.arn,
        taskDefinition: definition.arn,
        desiredCount: options.scale.min,
        // A task reads its secrets when it starts.
        forceNewDeployment: true,
        triggers: { secrets: secretVersions },
        capacityProviderStrategies: options.onSpot
          ? [
              // One that stays, so that the queue is read even when there is no spare capacity at all.
              { capacityProvider: 'FARGATE', base: 1, weight: 0 },
              { capacityProvider: 'FARGATE_SPOT', weight: 1 },
            ]
          : [{ capacityProvider: 'FARGATE', base: options.scale.min, weight: 1 }],
        networkConfiguration: {
          subnets: network.privateSubnets,
          securityGroups: [options.group.id],
          assignPublicIp: false,
        },
        ...(options.targetGroup && {
          loadBalancers: [
            { targetGroupArn: options.targetGroup.arn, containerName: options.name, containerPort: 8080 },
          ],
          healthCheckGracePeriodSeconds: START_SECONDS,
        }),
        deploymentMinimumHealthyPercent: 100,
        deploymentMaximumPercent: 200,
        // Rolls back when new tasks do not become healthy or do not reach all backing services.
        deploymentCircuitBreaker: { enable: true, rollback: true },
        alarms: {
          enable: true,
          rollback: true,
          alarmNames: [createRolloutAlarm(stage, alarm, options.name).name],
        },
        waitForSteadyState: stage.isProduction,
        enableExecuteCommand: false,
      },
      // How many run is the scaling's business once it is there.
      { dependsOn: options.after, ignoreChanges: ['desiredCount'] },
    );
    const target = new aws.appautoscaling.Target(`${name}Scaling`, {
      serviceNamespace: 'ecs',
      scalableDimension: 'ecs:service:DesiredCount',
      resourceId: $interpolate`service/${cluster.name}/${service.name}`,
      minCapacity: options.scale.min,
      maxCapacity: options.scale.max,
    });

    /** Keeps the metric at this value, by adding and removing what runs. */
    function track(
      metric: string,
      configuration: aws.types.input.appautoscaling.PolicyTargetTrackingScalingPolicyConfiguration,
    ): void {
      new aws.appautoscaling.Policy(`${name}By${metric}`, {
        policyType: 'TargetTrackingScaling',
        serviceNamespace: target.serviceNamespace,
        scalableDimension: target.scalableDimension,
        resourceId: target.resourceId,
        targetTrackingScalingPolicyConfiguration: {
          scaleOutCooldown: 30,
          scaleInCooldown: 300,
          ...configuration,
        },
      });
    }
    track('Cpu', {
      predefinedMetricSpecification: { predefinedMetricType: 'ECSServiceAverageCPUUtilization' },
      targetValue: 60,
    });
    return { service, logs, track, scale: options.scale };
  }

  return { cluster, createTask, createService };
}
