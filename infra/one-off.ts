import type { Network, SecurityGroup } from './network.ts';
import type { Cluster } from './cluster.ts';
import type { Task } from './task.ts';

interface OneOffOptions {
  readonly cluster: Cluster;
  readonly network: Network;
  readonly group: SecurityGroup;
  readonly task: Task;
}

/** The variables that `infra/run-task.sh` needs to run a task to its end. */
function runTaskSettings({ cluster, network, group, task }: OneOffOptions) {
  return {
    CLUSTER: cluster.cluster.arn,
    TASK: task.definition.arn,
    CONTAINER: task.name,
    LOG_GROUP: task.logs.name,
    SUBNETS: network.privateSubnets.apply((subnets) => subnets.join(',')),
    SECURITY_GROUP: group.id,
    AWS_REGION: aws.getRegionOutput().region,
  };
}

/** The same as a command line for a person, who appends the arguments of the task. */
export function runTaskCommand(options: OneOffOptions): $util.Output<string> {
  return $output(runTaskSettings(options)).apply((settings) => {
    const variables = Object.entries(settings).map(([name, value]) => `${name}=${value}`);
    return [...variables, 'infra/run-task.sh'].join(' ');
  });
}

/**
 * Runs the migrations once for each new image or password, and waits for them; functions are updated afterwards.
 * @param after the resources that they need.
 */
export function runMigrations(options: OneOffOptions, after: $util.Input<$util.Resource>[]) {
  const { definition, secretVersions } = options.task;
  return new command.local.Command(
    'Migrations',
    {
      create: 'infra/run-task.sh',
      dir: $cli.paths.root,
      environment: runTaskSettings(options),
      // A new image has new migrations, and a new password must become that of its login.
      triggers: [definition.arn, secretVersions],
    },
    { dependsOn: after },
  );
}
