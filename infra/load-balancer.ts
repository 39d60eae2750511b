import { INTERNAL_PORT } from './containers.ts';
import { pascal } from './database.ts';
import { HTTPS, type Network } from './network.ts';
import type { Stage } from './stage.ts';

export type LoadBalancer = ReturnType<typeof createLoadBalancer>;

/** Which paths reach which function, as functions/gateway routes them. */
const ROUTES = [
  { name: 'stats', priority: 10, paths: ['/api/v1/links/*/stats', '/api/v1/links/*/stats/*'] },
  { name: 'links', priority: 20, paths: ['/api', '/api/*'] },
  { name: 'redirect', priority: 30, paths: ['/*'] },
] as const;

type Routed = (typeof ROUTES)[number]['name'];

/** In the private subnets: only CloudFront reaches it, over HTTPS. */
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
  // The edge refuses them already; this is for what reaches the balancer on another way.
  new aws.lb.ListenerRule('RefuseInternalPaths', {
    listenerArn: listener.arn,
    priority: 1,
    conditions: [{ pathPattern: { values: ['*/.*', '*/%2e*', '*/%2E*'] } }],
    actions: [notFound()],
  });

  /** Sends what belongs to the function to what runs it. */
  function route(name: Routed, targetType: 'ip' | 'lambda'): aws.lb.TargetGroup {
    const targetGroup = new aws.lb.TargetGroup(`${pascal(name)}Targets`, {
      targetType,
      ...(targetType === 'ip' && {
        port: 8080,
        protocol: 'HTTP',
        vpcId: network.id,
        // A task that is told to stop finishes in 15 seconds.
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
    for (const { priority, paths } of ROUTES.filter((route) => route.name === name)) {
      new aws.lb.ListenerRule(`${pascal(name)}Route`, {
        listenerArn: listener.arn,
        priority,
        conditions: [{ pathPattern: { values: [...paths] } }],
        actions: [{ type: 'forward', targetGroupArn: targetGroup.arn }],
      });
    }
    return targetGroup;
  }

  return { balancer, listener, group, route };
}

function notFound() {
  return { type: 'fixed-response', fixedResponse: { contentType: 'text/plain', statusCode: '404' } };
}
