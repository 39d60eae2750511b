import { manifest } from '../../functions/counter-flush/manifest.ts';
import { createContainerLambda } from '../container-lambda.ts';
import { createRole } from '../permissions.ts';
import { pascal } from '../resource-name.ts';
import { connect } from './connect.ts';
import type { MigratedPlace } from './place.ts';

export function createCounterFlush(place: MigratedPlace) {
  const { name } = manifest;
  const { stage, network, images, migrated } = place;
  const { group, environment, secrets } = connect(place, manifest, 'rest');
  const running = createContainerLambda(stage, network, {
    name,
    image: images.build(name, 'lambda'),
    group,
    memoryMb: 512,
    timeoutSeconds: manifest.invocationTimeoutMs / 1000,
    // Concurrent flushes are safe, and a hanging flush must not delay the next.
    maxConcurrent: 2,
    environment: {
      ...environment,
      // A malformed tick counts as failed and becomes a dead letter.
      AWS_LWA_ERROR_STATUS_CODES: '400-599',
    },
    secrets,
    after: migrated,
  });
  return { ...running, kind: 'lambda' as const, name, deadLetters: createSchedules(running.lambda) };
}

/** Creates the schedules. @returns the queue of ticks that failed for good. */
function createSchedules(lambda: aws.lambda.Function): aws.sqs.Queue {
  const deadLetters = new aws.sqs.Queue(`${pascal(manifest.name)}DeadLetters`, {
    messageRetentionSeconds: 14 * 24 * 3600,
    sqsManagedSseEnabled: true,
  });
  const scheduler = createRole('SchedulerRole', {
    service: 'scheduler',
    policies: {
      invoke: [{ actions: ['lambda:InvokeFunction'], resources: [lambda.arn] }],
      deadLetters: [{ actions: ['sqs:SendMessage'], resources: [deadLetters.arn] }],
    },
  });
  for (const [name, { every, event }] of Object.entries(manifest.schedules)) {
    new aws.scheduler.Schedule(name, {
      scheduleExpression: `rate(1 ${every})`,
      flexibleTimeWindow: { mode: 'OFF' },
      target: {
        arn: lambda.arn,
        roleArn: scheduler.arn,
        input: JSON.stringify(event),
        retryPolicy: { maximumRetryAttempts: 2, maximumEventAgeInSeconds: 300 },
        deadLetterConfig: { arn: deadLetters.arn },
      },
    });
  }
  return deadLetters;
}
