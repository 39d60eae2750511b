import type { FunctionManifest } from '@terse/platform/function-manifest';
import { INTERNAL_PORT, PORT } from '../containers.ts';
import { type SecurityGroup, allow } from '../network.ts';
import { pascal } from '../resource-name.ts';
import type { Place } from './place.ts';

type Routed = Required<Pick<FunctionManifest, 'name' | 'routes'>>;

/** Lets the load balancer send requests to the tasks of a function, and check their health. */
export function balanceTasks(
  { loadBalancer }: Place,
  manifest: Routed,
  group: SecurityGroup,
  priority: number,
): aws.lb.TargetGroup {
  const resource = pascal(manifest.name);
  allow(`LoadBalancerTo${resource}`, loadBalancer.group, group, PORT);
  allow(`HealthOf${resource}`, loadBalancer.group, group, INTERNAL_PORT);
  return loadBalancer.route(manifest, 'ip', priority);
}

/** Lets the load balancer invoke a function on Lambda. */
export function balanceLambda(
  { loadBalancer }: Place,
  manifest: Routed,
  lambda: aws.lambda.Function,
  priority: number,
): aws.lb.TargetGroup {
  const resource = pascal(manifest.name);
  const targetGroup = loadBalancer.route(manifest, 'lambda', priority);
  const permission = new aws.lambda.Permission(`${resource}FromLoadBalancer`, {
    action: 'lambda:InvokeFunction',
    principal: 'elasticloadbalancing.amazonaws.com',
    function: lambda.name,
    sourceArn: targetGroup.arn,
  });
  new aws.lb.TargetGroupAttachment(
    `${resource}Target`,
    { targetGroupArn: targetGroup.arn, targetId: lambda.arn },
    { dependsOn: [permission] },
  );
  return targetGroup;
}
