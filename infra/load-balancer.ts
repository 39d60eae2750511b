import type { FunctionManifest } from '@terse/platform/function-manifest';
import { INTERNAL_PORT, PORT } from './containers.ts';
import { pascal } from './resource-name.ts';
import { HTTPS, type Network } from './network.ts';
import { pathPatterns } from './path-patterns.ts';
import type { Stage } from './stage.ts';

export type LoadBalancer = ReturnType<typeof createLoadBalancer>;

/** Creates the load balancer in the private subnets: only CloudFront reaches it, over HTTPS. */
export function createLoadBalancer(stage: Stage, network: Network, certificateArn: $util.Input<string>) {
  const group = network.group('LoadBalancer', 'The load balancer behind CloudFront');
  const cloudFront = aws.ec2.getManagedPrefixListOutput({
    name: 'com.amazonaws.global.cloudfront.origin-facing',
  });
  new aws.vpc.SecurityGroupIngressRule('CloudFrontToLoadBalancerIn', {
    securityGroupId: group.id,
    prefixListId: cloudFront.id,
    fromPort: HTTPS,
    toPort: HTTPS,
    ipProtocol: 'tcp',
  });
  const balancer = new aws.lb.LoadBalancer('LoadBalancer', {
    internal: true,
    loadBalancerType: 'application',
    subnets: network.privateSubnets,
    securityGroups: [group.id],
    dropInvalidHeaderFields: true,
    enableDeletionProtection: stage.isProduction,
  });
  const listener = new aws.lb.Listener('LoadBalancerHttps', {
    loadBalancerArn: balancer.arn,
    port: HTTPS,
    protocol: 'HTTPS',
    sslPolicy: 'ELBSecurityPolicy-TLS13-1-2-2021-06',
    certificateArn,
    defaultActions: [notFound()],
  });
  // The edge refuses them, too; this rule covers other ways to the load balancer.
  new aws.lb.ListenerRule('RefuseInternalPaths', {
    listenerArn: listener.arn,
    priority: 1,
    conditions: [{ pathPattern: { values: ['*/.*', '*/%2e*', '*/%2E*'] } }],
    actions: [notFound()],
  });

  /**
   * Routes the function's paths to a new target group.
   * @param priority of its rule. Keep it when other functions change: AWS refuses one that is in use.
   */
  function route(
    { name, routes }: Required<Pick<FunctionManifest, 'name' | 'routes'>>,
    targetType: 'ip' | 'lambda',
    priority: number,
  ): aws.lb.TargetGroup {
    const targetGroup = new aws.lb.TargetGroup(`${pascal(name)}Targets`, {
      targetType,
      ...(targetType === 'ip' && {
        port: PORT,
        protocol: 'HTTP',
        vpcId: network.id,
        // A stopping task finishes within 15 seconds.
        deregistrationDelay: 20,
        healthCheck: {
          port: String(INTERNAL_PORT),
          path: '/.started',
          interval: 10,
          timeout: 5,
          healthyThreshold: 2,
          unhealthyThreshold: 3,
        },
      }),
    });
    new aws.lb.ListenerRule(`${pascal(name)}Route`, {
      listenerArn: listener.arn,
      priority,
      conditions: [{ pathPattern: { values: pathPatterns(routes) } }],
      actions: [{ type: 'forward', targetGroupArn: targetGroup.arn }],
    });
    return targetGroup;
  }

  return { balancer, listener, group, route };
}

function notFound() {
  return { type: 'fixed-response', fixedResponse: { contentType: 'text/plain', statusCode: '404' } };
}
