import { pascal } from '../resource-name.ts';
import type { LoadBalancer } from '../load-balancer.ts';
import type { Metric } from '../metrics.ts';
import type { CreateAlarm } from './alarm.ts';

interface Balanced {
  readonly name: string;
  readonly kind: 'service' | 'lambda';
  readonly targetGroup: aws.lb.TargetGroup;
  /** The highest acceptable 99th percentile of response times. */
  readonly p99Seconds: number;
}

export function createLoadBalancerAlarms(alarm: CreateAlarm, { balancer }: LoadBalancer): void {
  alarm('LoadBalancerErrors', {
    says: 'The load balancer itself answers with errors, because no target answers',
    metric: {
      namespace: 'AWS/ApplicationELB',
      metricName: 'HTTPCode_ELB_5XX_Count',
      dimensions: { LoadBalancer: balancer.arnSuffix },
      stat: 'Sum',
    },
    above: 10,
    minutes: 3,
    // AWS sends no data point when there are no errors.
    withoutData: 'notBreaching',
  });
}

/** Alarms on a function as its callers see it. A stage without requests sends no data and is healthy. */
export function createBalancedAlarms(
  alarm: CreateAlarm,
  { balancer }: LoadBalancer,
  { name, kind, targetGroup, p99Seconds }: Balanced,
): void {
  const metric = (metricName: string, stat: string): Metric => ({
    namespace: 'AWS/ApplicationELB',
    metricName,
    dimensions: { LoadBalancer: balancer.arnSuffix, TargetGroup: targetGroup.arnSuffix },
    stat,
  });
  alarm(`${pascal(name)}Errors`, {
    says: `${name} answers with errors`,
    metric: metric('HTTPCode_Target_5XX_Count', 'Sum'),
    above: 10,
    minutes: 3,
    withoutData: 'notBreaching',
  });
  alarm(`${pascal(name)}Slow`, {
    says: `One in a hundred answers of ${name} takes longer than ${p99Seconds} s`,
    metric: metric('TargetResponseTime', 'p99'),
    above: p99Seconds,
    minutes: 5,
    withoutData: 'notBreaching',
  });
  // Targets on Lambda have no health checks.
  if (kind === 'lambda') return;
  alarm(`${pascal(name)}Unhealthy`, {
    says: `A ${name} does not answer the load balancer, or none is registered`,
    metric: metric('UnHealthyHostCount', 'Maximum'),
    above: 0,
    minutes: 5,
    withoutData: 'breaching',
  });
}
