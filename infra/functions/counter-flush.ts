import { createContainerLambda } from '../container-lambda.ts';
import { HTTPS, allowOut } from '../network.ts';
import { createRole } from '../permissions.ts';
import { COMMON, type MigratedPlace, restStore } from './place.ts';

export function createCounterFlush(place: MigratedPlace) {
  const { stage, network, database, cache, queue, images, group, migrated } = place;
  const ownGroup = group('counter-flush');
  database.admit('CounterFlush', ownGroup);
  queue.admit('CounterFlush', ownGroup);
  allowOut('CounterFlush', ownGroup, HTTPS);
  const running = createContainerLambda(stage, network, {
    name: 'counter-flush',
    image: images.build('counter-flush', 'lambda'),
    group: ownGroup,
    memoryMb: 512,
    timeoutSeconds: 120,
    // Concurrent flushes are safe, and a hanging flush must not delay the next.
    maxConcurrent: 2,
    environment: {
      ...COMMON,
      ...restStore(place),
      // A malformed tick counts as failed, so that it ends in the dead letters.
      AWS_LWA_ERROR_STATUS_CODES: '400-599',
    },
    secrets: {
      DATABASE_URL: [database.secrets['counter-flush'], 'url'],
      RABBITMQ_URL: [queue.secret, 'url'],
      UPSTASH_REDIS_REST_TOKEN: [cache.secret, 'restToken'],
    },
    after: migrated,
  });
  const deadLetters = new aws.sqs.Queue('CounterFlushDeadLetters', {
    messageRetentionSeconds: 14 * 24 * 3600,
    sqsManagedSseEnabled: true,
  });
  const scheduler = createRole('SchedulerRole', {
    service: 'scheduler',
    policies: {
      invoke: [{ actions: ['lambda:InvokeFunction'], resources: [running.lambda.arn] }],
      deadLetters: [{ actions: ['sqs:SendMessage'], resources: [deadLetters.arn] }],
    },
  });
  const tick = (name: string, scheduleExpression: string, task: 'flush' | 'maintain') =>
    new aws.scheduler.Schedule(name, {
      scheduleExpression,
      flexibleTimeWindow: { mode: 'OFF' },
      target: {
        arn: running.lambda.arn,
        roleArn: scheduler.arn,
        input: JSON.stringify({ task }),
        retryPolicy: { maximumRetryAttempts: 2, maximumEventAgeInSeconds: 300 },
        deadLetterConfig: { arn: deadLetters.arn },
      },
    });
  tick('FlushEveryMinute', 'rate(1 minute)', 'flush');
  tick('MaintainEveryHour', 'rate(1 hour)', 'maintain');
  return { ...running, kind: 'lambda' as const, deadLetters };
}
