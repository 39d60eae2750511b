import { pascal } from './resource-name.ts';
import type { Scale } from './stage.ts';

interface Scaled {
  readonly name: string;
  readonly cluster: aws.ecs.Cluster;
  readonly service: aws.ecs.Service;
  readonly scale: Scale;
}

type Tracking = aws.types.input.appautoscaling.PolicyTargetTrackingScalingPolicyConfiguration;

/** Scales a service within its bounds. @returns a function that keeps a metric at a target value. */
export function createScaling({ name, cluster, service, scale }: Scaled) {
  const resource = pascal(name);
  const { serviceNamespace, scalableDimension, resourceId } = new aws.appautoscaling.Target(
    `${resource}Scaling`,
    {
      serviceNamespace: 'ecs',
      scalableDimension: 'ecs:service:DesiredCount',
      resourceId: $interpolate`service/${cluster.name}/${service.name}`,
      minCapacity: scale.min,
      maxCapacity: scale.max,
    },
  );
  return (metric: string, tracking: Tracking): void => {
    new aws.appautoscaling.Policy(`${resource}By${metric}`, {
      policyType: 'TargetTrackingScaling',
      serviceNamespace,
      scalableDimension,
      resourceId,
      targetTrackingScalingPolicyConfiguration: { scaleOutCooldown: 30, scaleInCooldown: 300, ...tracking },
    });
  };
}
