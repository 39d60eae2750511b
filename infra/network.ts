import type { Stage } from './stage.ts';

export type Network = ReturnType<typeof createNetwork>;
export type SecurityGroup = aws.ec2.SecurityGroup;

export const HTTPS = 443;
export const POSTGRES = 5432;
export const AMQPS = 5671;
/** Redis over TLS; Upstash speaks TLS at the usual port. */
export const REDIS = 6379;

/**
 * Two zones, each with a public subnet that holds nothing but the way out, and a private one that holds everything
 * else.
 */
export function createNetwork(stage: Stage) {
  const vpc = new sst.aws.Vpc('Network', {
    az: 2,
    nat: stage.nat,
    transform: {
      // SST lets everything in the VPC talk to everything in this group. Nothing is in it.
      securityGroup: { ingress: [], egress: [] },
      publicSubnet: { mapPublicIpOnLaunch: false },
      natSecurityGroup: (args) => {
        args.ingress = [{ protocol: '-1', fromPort: 0, toPort: 0, cidrBlocks: ['10.0.0.0/16'] }];
      },
    },
  });

  // Image layers come from S3: free of charge this way, and not through the NAT.
  new aws.ec2.VpcEndpoint('S3Endpoint', {
    vpcId: vpc.id,
    serviceName: $interpolate`com.amazonaws.${aws.getRegionOutput().region}.s3`,
    routeTableIds: vpc.nodes.privateRouteTables.apply((tables) => tables.map(({ id }) => id)),
  });

  return {
    id: vpc.id,
    // Unwrapped: what `apply` is given would be outputs, not names.
    privateSubnets: $output(vpc.privateSubnets),
    /** A group that nothing may enter or leave until `allow` says so. */
    group: (name: string, description: string) =>
      new aws.ec2.SecurityGroup(`${name}Group`, {
        vpcId: vpc.id,
        description,
        tags: { Name: `${stage.name}-${name}` },
      }),
  };
}

/** Lets what is in one group open connections to what is in the other. */
export function allow(name: string, from: SecurityGroup, to: SecurityGroup, port: number): $util.Resource[] {
  const rule = { fromPort: port, toPort: port, ipProtocol: 'tcp' };
  return [
    new aws.vpc.SecurityGroupIngressRule(`${name}In`, {
      ...rule,
      securityGroupId: to.id,
      referencedSecurityGroupId: from.id,
    }),
    new aws.vpc.SecurityGroupEgressRule(`${name}Out`, {
      ...rule,
      securityGroupId: from.id,
      referencedSecurityGroupId: to.id,
    }),
  ];
}

/** Lets what is in the group open connections to the internet, at this port only. */
export function allowOut(name: string, from: SecurityGroup, port: number): $util.Resource {
  return new aws.vpc.SecurityGroupEgressRule(`${name}Internet${port}`, {
    securityGroupId: from.id,
    cidrIpv4: '0.0.0.0/0',
    fromPort: port,
    toPort: port,
    ipProtocol: 'tcp',
  });
}
