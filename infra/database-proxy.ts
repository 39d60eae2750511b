import { type Network, type SecurityGroup, POSTGRES, allow } from './network.ts';

interface ProxiedDatabase {
  readonly instance: aws.rds.Instance;
  readonly group: SecurityGroup;
  /** The secrets of all logins. */
  readonly loginArns: $util.Output<string>[];
}

/** RDS Proxy: connections outlive a failover, and a public authority signs its certificate. */
export function createDatabaseProxy(network: Network, { instance, group, loginArns }: ProxiedDatabase) {
  const proxyGroup = network.group('DatabaseProxy', 'The proxy before PostgreSQL');
  allow('ProxyToDatabase', proxyGroup, group, POSTGRES);
  const role = new aws.iam.Role('DatabaseProxyRole', {
    assumeRolePolicy: aws.iam.assumeRolePolicyForPrincipal({ Service: 'rds.amazonaws.com' }),
    inlinePolicies: [
      {
        name: 'secrets',
        policy: aws.iam.getPolicyDocumentOutput({
          statements: [{ actions: ['secretsmanager:GetSecretValue'], resources: loginArns }],
        }).json,
      },
    ],
  });
  const proxy = new aws.rds.Proxy('DatabaseProxy', {
    engineFamily: 'POSTGRESQL',
    requireTls: true,
    roleArn: role.arn,
    vpcSubnetIds: network.privateSubnets,
    vpcSecurityGroupIds: [proxyGroup.id],
    auths: loginArns.map((secretArn) => ({ authScheme: 'SECRETS', iamAuth: 'DISABLED', secretArn })),
  });
  const targets = new aws.rds.ProxyDefaultTargetGroup('DatabaseProxyTargets', { dbProxyName: proxy.name });
  const target = new aws.rds.ProxyTarget('DatabaseProxyTarget', {
    dbProxyName: proxy.name,
    targetGroupName: targets.name,
    dbInstanceIdentifier: instance.identifier,
  });
  return { endpoint: proxy.endpoint, group: proxyGroup, target };
}
