import type { Stage } from './stage.ts';

export type Network = ReturnType<typeof createNetwork>;
export type SecurityGroup = aws.ec2.SecurityGroup;

export const HTTPS = 443;
export const POSTGRES = 5432;
export const AMQPS = 5671;
/** Redis over TLS; Upstash speaks TLS at the usual port. */
export const REDIS = 6379;

/**
 * Creates two zones, each with a public subnet, which has only the NAT, and a private one, which has everything else.
 */
export function createNetwork(stage: Stage) {
  const vpc = new sst.aws.Vpc('Network', {
    az: 2,
    nat: stage.nat,
    transform: {
      // SST opens this group to the whole VPC. No resource uses it.
      securityGroup: { ingress: [], egress: [] },
      publicSubnet: { mapPublicIpOnLaunch: false },
      natSecurityGroup: (args) => {
        args.ingress = [{ protocol: '-1', fromPort: 0, toPort: 0, cidrBlocks: ['10.0.0.0/16'] }];
      },
    },
  });

  // Image layers come from S3, free of charge through this endpoint and not through the NAT.
  new aws.ec2.VpcEndpoint('S3Endpoint', {
    vpcId: vpc.id,
    serviceName: $interpolate`com.amazonaws.${aws.getRegionOutput().region}.s3`,
    routeTableIds: vpc.nodes.privateRouteTables.apply((tables) => tables.map(({ id }) => id)),
  });

  return {
    id: vpc.id,
    // Unwrapped, because `apply` would get outputs instead of names.
    privateSubnets: $output(vpc.privateSubnets),
    /** Creates a group without any traffic; `allow` adds rules. */
    group: (name: string, description: string) =>
      new aws.ec2.SecurityGroup(`${name}Group`, {
        vpcId: vpc.id,
        description,
        tags: { Name: `${stage.name}-${name}` },
      }),
  };
}

/** Lets members of one group open connections to members of the other. */
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

/** Lets members of the group open connections to the internet, at this port only. */
export function allowOut(name: string, from: SecurityGroup, port: number): $util.Resource {
  return new aws.vpc.SecurityGroupEgressRule(`${name}Internet${port}`, {
    securityGroupId: from.id,
    cidrIpv4: '0.0.0.0/0',
    fromPort: port,
    toPort: port,
    ipProtocol: 'tcp',
  });
}
