import type { Metric } from '../metrics.ts';
import type { Queue } from '../queue.ts';
import type { Stage } from '../stage.ts';
import type { CreateAlarm } from './alarm.ts';

/** Alarms on the broker itself, from its provider's metrics. The product measures its queues. */
export function createBrokerAlarms(stage: Stage, alarm: CreateAlarm, queue: Queue): void {
  if (queue.kind === 'cloudamqp') createCloudAmqpAlarms(stage, queue.instanceId);
  else createAmazonMqAlarms(alarm, queue.brokerName);
}

/** Covers the broker as a whole: Amazon MQ has no queue metrics for RabbitMQ 4. */
function createAmazonMqAlarms(alarm: CreateAlarm, broker: string): void {
  const of = (metricName: string, stat: string): Metric => ({
    namespace: 'AWS/AmazonMQ',
    metricName,
    dimensions: { Broker: broker },
    stat,
  });
  alarm('BrokerMemory', {
    says: 'The broker is short of memory and will soon take no more visits',
    metric: {
      expression: '100 * used / allowed',
      of: { used: of('RabbitMQMemUsed', 'Maximum'), allowed: of('RabbitMQMemLimit', 'Minimum') },
    },
    above: 80,
    minutes: 5,
    withoutData: 'breaching',
  });
}

function createCloudAmqpAlarms(stage: Stage, instanceId: $util.Output<number>): void {
  const recipient = new cloudamqp.Notification('BrokerAlarmsByMail', {
    instanceId,
    type: 'email',
    value: stage.alertEmail,
  });
  new cloudamqp.Alarm('BrokerMemoryAlarm', {
    instanceId,
    type: 'memory',
    enabled: true,
    valueThreshold: 80,
    timeThreshold: 300,
    recipients: [recipient.id.apply(Number)],
  });
}
