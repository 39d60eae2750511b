import { type Network, POSTGRES, allow } from './network.ts';
import { type StoredSecret, createPassword, createSecret } from './secrets.ts';
import type { Stage } from './stage.ts';

/**
 * Those who log in: each function in a role of its own (packages/repository/migrations/0001-baseline-roles.ts), and the
 * owner.
 */
const LOGINS = ['owner', 'redirect', 'links', 'stats', 'visit-writer', 'counter-flush'] as const;
export type Login = (typeof LOGINS)[number];

export type Database = ReturnType<typeof createDatabase>;

const NAME = 'terse';

/** PostgreSQL 17 with a login for each function. */
export function createDatabase(stage: Stage, network: Network) {
  const { database, passwordGeneration } = stage;
  const group = network.group('Database', 'PostgreSQL');
  const subnetGroup = new aws.rds.SubnetGroup('DatabaseSubnets', { subnetIds: network.privateSubnets });
  const credentials = LOGINS.map((login) => {
    const name = pascal(login);
    return {
      login,
      username: loginName(login),
      password: createPassword(`Database${name}`, passwordGeneration),
      secret: createSecret(stage, `Database${name}`),
    };
  });
  const [owner] = credentials;

  const instance = new aws.rds.Instance('Database', {
    engine: 'postgres',
    engineVersion: '17',
    instanceClass: database.instance,
    dbName: NAME,
    username: owner.username,
    password: owner.password,
    multiAz: stage.isProduction,
    dbSubnetGroupName: subnetGroup.name,
    vpcSecurityGroupIds: [group.id],
    publiclyAccessible: false,
    parameterGroupName: parameters().name,
    caCertIdentifier: 'rds-ca-rsa2048-g1',
    storageEncrypted: true,
    storageType: 'gp3',
    allocatedStorage: database.storageGb,
    maxAllocatedStorage: database.maxStorageGb,
    // A backup a day, and the log up to five minutes ago: any moment in between can be restored.
    backupRetentionPeriod: database.backupDays,
    copyTagsToSnapshot: true,
    deletionProtection: stage.isProduction,
    skipFinalSnapshot: !stage.isProduction,
    ...(stage.isProduction && { finalSnapshotIdentifier: `terse-${stage.name}-final` }),
    autoMinorVersionUpgrade: true,
    performanceInsightsEnabled: stage.isProduction,
    applyImmediately: !stage.isProduction,
  });

  const replica = database.replica
    ? new aws.rds.Instance('DatabaseReplica', {
        replicateSourceDb: instance.identifier,
        instanceClass: database.instance,
        vpcSecurityGroupIds: [group.id],
        publiclyAccessible: false,
        parameterGroupName: instance.parameterGroupName,
        caCertIdentifier: 'rds-ca-rsa2048-g1',
        storageEncrypted: true,
        maxAllocatedStorage: database.maxStorageGb,
        deletionProtection: stage.isProduction,
        // It holds nothing of its own.
        skipFinalSnapshot: true,
        autoMinorVersionUpgrade: true,
        performanceInsightsEnabled: stage.isProduction,
      })
    : undefined;

  const proxy = database.proxy ? createProxy() : undefined;
  const secrets = Object.fromEntries(
    credentials.map(({ login, username, password, secret }) => {
      const url = (host: $util.Output<string>, sslMode: string) =>
        $interpolate`postgres://${username}:${password}@${host}:${POSTGRES}/${NAME}?sslmode=${sslMode}`;
      const stored = secret.write({
        // The proxy reads these two, and the function that logs in reads the address.
        username,
        password,
        // The certificate of the proxy is from a public authority; that of an instance from one of RDS's own.
        url: proxy ? url(proxy.endpoint, 'verify-full') : url(instance.address, 'require'),
        ...(replica && login === 'stats' && { readUrl: url(replica.address, 'require') }),
      });
      return [login, stored];
    }),
  ) as Record<Login, StoredSecret>;

  return {
    instance,
    replica,
    secrets,
    hasReplica: replica !== undefined,
    /** What must be there before anybody can log in. */
    ready: proxy ? [proxy.target] : [instance],
    /** Lets a function in, by the proxy where there is one. */
    admit: (name: string, from: aws.ec2.SecurityGroup, access: 'write' | 'read' = 'write') =>
      allow(`${name}ToDatabase`, from, proxy && access === 'write' ? proxy.group : group, POSTGRES),
  };

  function parameters() {
    return new aws.rds.ParameterGroup('DatabaseParameters', {
      family: 'postgres17',
      parameters: [
        { name: 'rds.force_ssl', value: '1' },
        { name: 'log_min_duration_statement', value: '1000' },
      ],
    });
  }

  function createProxy() {
    const proxyGroup = network.group('DatabaseProxy', 'The proxy before PostgreSQL');
    allow('ProxyToDatabase', proxyGroup, group, POSTGRES);
    const arns = credentials.map(({ secret }) => secret.arn);
    const role = new aws.iam.Role('DatabaseProxyRole', {
      assumeRolePolicy: aws.iam.assumeRolePolicyForPrincipal({ Service: 'rds.amazonaws.com' }),
      inlinePolicies: [
        {
          name: 'secrets',
          policy: aws.iam.getPolicyDocumentOutput({
            statements: [{ actions: ['secretsmanager:GetSecretValue'], resources: arns }],
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
      auths: arns.map((secretArn) => ({ authScheme: 'SECRETS', iamAuth: 'DISABLED', secretArn })),
    });
    const targets = new aws.rds.ProxyDefaultTargetGroup('DatabaseProxyTargets', { dbProxyName: proxy.name });
    const target = new aws.rds.ProxyTarget('DatabaseProxyTarget', {
      dbProxyName: proxy.name,
      targetGroupName: targets.name,
      dbInstanceIdentifier: instance.identifier,
    });
    return { endpoint: proxy.endpoint, group: proxyGroup, target };
  }
}

function loginName(login: Login): string {
  return `${login.replaceAll('-', '_')}_login`;
}

/** `visit-writer` → `VisitWriter`, as resources are named. */
export function pascal(name: string): string {
  return name.replace(/(?:^|-)([a-z])/g, (_, letter: string) => letter.toUpperCase());
}
