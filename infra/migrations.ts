import type { Cluster } from './service.ts';
import type { Network, SecurityGroup } from './network.ts';

interface MigrationOptions {
  readonly cluster: Cluster;
  readonly network: Network;
  readonly group: SecurityGroup;
  readonly definition: aws.ecs.TaskDefinition;
  readonly secretVersions: $util.Input<string>;
  /** What must be there before it can run. */
  readonly after: $util.Input<$util.Resource>[];
}

/** Runs the migrations once for each new image or secret, and waits for them: functions are updated afterwards. */
export function runMigrations({
  cluster,
  network,
  group,
  definition,
  secretVersions,
  after,
}: MigrationOptions) {
  return new command.local.Command(
    'Migrations',
    {
      create: 'infra/run-task.sh',
      dir: $cli.paths.root,
      environment: {
        CLUSTER: cluster.cluster.arn,
        TASK_DEFINITION: definition.arn,
        SUBNETS: network.privateSubnets.apply((subnets) => subnets.join(',')),
        SECURITY_GROUP: group.id,
        AWS_REGION: aws.getRegionOutput().region,
      },
      // Another image has other migrations, and another password must become that of its login.
      triggers: [definition.arn, secretVersions],
    },
    { dependsOn: after },
  );
}
