import { type Container, JOURNAL, type TaskOptions, collector, functionContainer } from './containers.ts';
import { ARCHITECTURE } from './images.ts';
import { createRole, pullImages, readSecrets, writeLogs } from './permissions.ts';
import { pascal } from './resource-name.ts';
import { versionsOf } from './secrets.ts';
import type { Stage } from './stage.ts';

export type Task = ReturnType<typeof createTask>;

/** Creates a task for Fargate with the rights of its function only. */
export function createTask(stage: Stage, options: TaskOptions) {
  const name = pascal(options.name);
  const logs = new aws.cloudwatch.LogGroup(`${name}Logs`, { retentionInDays: stage.logDays });
  const secrets = Object.values(options.secrets).map(([secret]) => secret);
  const containers: Container[] = [functionContainer(options, logs)];
  if (options.metrics) containers.push(collector(stage, options.name, options.metrics, logs));

  // Fetches the image and the secrets, before the function starts.
  const executionRole = createRole(`${name}Execution`, {
    service: 'ecs-tasks',
    policies: {
      image: pullImages(options.image.repositoryArn),
      logs: [writeLogs(logs)],
      secrets: readSecrets(secrets.map(({ arn }) => arn)),
    },
  });
  // The function itself may only write its metrics to the log.
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
