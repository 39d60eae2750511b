import { pascal } from '../resource-name.ts';
import type { Metric } from '../metrics.ts';
import type { CreateAlarm } from './alarm.ts';

interface OnLambda {
  readonly name: string;
  readonly lambda: aws.lambda.Function;
  /** Set for a function that callers reach. */
  readonly targetGroup?: aws.lb.TargetGroup;
}

export function createLambdaAlarms(alarm: CreateAlarm, { name, lambda, targetGroup }: OnLambda): void {
  // The load balancer's alarm on errors has the name without a suffix.
  const suffix = targetGroup ? 'OnLambda' : '';
  alarm(`${pascal(name)}Errors${suffix}`, {
    says: `${name} fails`,
    metric: lambdaMetric(lambda, 'Errors'),
    above: 0,
    minutes: 3,
    // A function that is not called does not fail; another alarm watches the schedule's calls.
    withoutData: 'notBreaching',
  });
  alarm(`${pascal(name)}Throttled`, {
    says: `${name} is called more often than may run at once`,
    metric: lambdaMetric(lambda, 'Throttles'),
    above: 0,
    minutes: 3,
    withoutData: 'notBreaching',
  });
}

interface Scheduled extends OnLambda {
  readonly deadLetters: aws.sqs.Queue;
}

/** Alarms on ticks that do not arrive, and on those that the scheduler gave up. */
export function createScheduleAlarms(alarm: CreateAlarm, { name, lambda, deadLetters }: Scheduled): void {
  alarm(`${pascal(name)}Age`, {
    says: 'No counts were added to links for ten minutes',
    metric: {
      expression: 'FILL(invocations, 0) - FILL(errors, 0)',
      of: { invocations: lambdaMetric(lambda, 'Invocations'), errors: lambdaMetric(lambda, 'Errors') },
    },
    below: 1,
    minutes: 10,
    withoutData: 'breaching',
  });
  alarm(`${pascal(name)}DeadLetters`, {
    says: 'A tick of the schedule was given up after its retries',
    metric: {
      namespace: 'AWS/SQS',
      metricName: 'ApproximateNumberOfMessagesVisible',
      dimensions: { QueueName: deadLetters.name },
      stat: 'Maximum',
    },
    above: 0,
    minutes: 1,
    // SQS sends no data about a queue that has been empty for hours.
    withoutData: 'notBreaching',
  });
}

function lambdaMetric(lambda: aws.lambda.Function, metricName: string): Metric {
  return { namespace: 'AWS/Lambda', metricName, dimensions: { FunctionName: lambda.name }, stat: 'Sum' };
}
