import type { Metric } from '../metrics.ts';
import type { Stage } from '../stage.ts';

interface Alarm {
  readonly says: string;
  /** One metric, or an expression over several named ones. */
  readonly metric: Metric | { readonly expression: string; readonly of: Readonly<Record<string, Metric>> };
  readonly above?: number;
  readonly below?: number;
  /** The minutes in a row after which it goes off. */
  readonly minutes: number;
  /** `breaching` where a healthy resource always sends data. */
  readonly withoutData: 'notBreaching' | 'breaching';
}

export type CreateAlarm = (name: string, alarm: Alarm) => aws.cloudwatch.MetricAlarm;

/** Creates the topic of all alarms. A person confirms its subscription once. */
export function createTopic(stage: Stage) {
  const topic = new aws.sns.Topic('Alarms');
  new aws.sns.TopicSubscription('AlarmsByMail', {
    topic: topic.arn,
    protocol: 'email',
    endpoint: stage.alertEmail,
  });
  return topic;
}

/** Returns a function that creates alarms, which notify a person when they begin and when they end. */
export function alarmsTo(stage: Stage, topic: aws.sns.Topic): CreateAlarm {
  return (name, { says, metric, above, below, minutes, withoutData }) =>
    new aws.cloudwatch.MetricAlarm(`${name}Alarm`, {
      alarmDescription: `${says} (${stage.name}).`,
      comparisonOperator: above === undefined ? 'LessThanThreshold' : 'GreaterThanThreshold',
      threshold: above ?? below,
      evaluationPeriods: minutes,
      datapointsToAlarm: minutes,
      treatMissingData: withoutData,
      alarmActions: [topic.arn],
      okActions: [topic.arn],
      ...('expression' in metric
        ? {
            metricQueries: [
              { id: 'result', expression: metric.expression, label: says, returnData: true },
              ...Object.entries(metric.of).map(([id, source]) => ({
                id,
                metric: { ...source, period: 60 },
                returnData: false,
              })),
            ],
          }
        : {
            namespace: metric.namespace,
            metricName: metric.metricName,
            dimensions: metric.dimensions,
            period: 60,
            ...(/^p\d/.test(metric.stat) ? { extendedStatistic: metric.stat } : { statistic: metric.stat }),
          }),
    });
}
