import type { CreateAlarm } from './alarms/alarm.ts';
import type { TaskOptions } from './containers.ts';
import type { Network } from './network.ts';
import { type ServiceOptions, createService } from './service.ts';
import type { Stage } from './stage.ts';
import { createTask } from './task.ts';

export type Cluster = ReturnType<typeof createCluster>;

/** Runs containers on Fargate. */
export function createCluster(stage: Stage, network: Network, alarm: CreateAlarm) {
  const cluster = new aws.ecs.Cluster('Cluster', {
    settings: [{ name: 'containerInsights', value: 'enabled' }],
  });
  new aws.ecs.ClusterCapacityProviders('ClusterCapacity', {
    clusterName: cluster.name,
    capacityProviders: ['FARGATE', 'FARGATE_SPOT'],
  });
  return {
    cluster,
    createTask: (options: TaskOptions) => createTask(stage, options),
    createService: (options: ServiceOptions) => createService({ stage, network, alarm, cluster }, options),
  };
}
