import { createLogins, writeLogins } from './database-logins.ts';
import { createDatabaseProxy } from './database-proxy.ts';
import { type Network, type SecurityGroup, POSTGRES, allow } from './network.ts';
import type { Stage } from './stage.ts';

export type Database = ReturnType<typeof createDatabase>;

const NAME = 'terse';

interface Credentials {
  readonly username: string;
  readonly password: $util.Output<string>;
}

/** PostgreSQL 17 with a login for each function. */
export function createDatabase(stage: Stage, network: Network) {
  const group = network.group('Database', 'PostgreSQL');
  const logins = createLogins(stage);
  const instance = createInstance(stage, network, group, logins.owner);
  const replica = stage.database.replica ? createReplica(stage, group, instance) : undefined;
  const loginArns = logins.all.map(({ secret }) => secret.arn);
  const proxy = stage.database.proxy
    ? createDatabaseProxy(network, { instance, group, loginArns })
    : undefined;

  const urlAt =
    (host: $util.Output<string>, sslMode: string) =>
    ({ username, password }: Credentials) =>
      $interpolate`postgres://${username}:${password}@${host}:${POSTGRES}/${NAME}?sslmode=${sslMode}`;

  return {
    instance,
    replica,
    secretOf: writeLogins(logins, {
      // A public authority signs the certificate of the proxy; RDS itself signs that of an instance.
      url: proxy ? urlAt(proxy.endpoint, 'verify-full') : urlAt(instance.address, 'require'),
      readUrl: replica && urlAt(replica.address, 'require'),
    }),
    hasReplica: replica !== undefined,
    /** The resources without which no function can log in. */
    ready: proxy ? [proxy.target] : [instance],
    /** Lets a function reach the database, through the proxy where there is one. */
    admit: (name: string, from: SecurityGroup, access: 'write' | 'read' = 'write') =>
      allow(`${name}ToDatabase`, from, proxy && access === 'write' ? proxy.group : group, POSTGRES),
  };
}

function createInstance(stage: Stage, network: Network, group: SecurityGroup, owner: Credentials) {
  const { database, isProduction } = stage;
  const subnetGroup = new aws.rds.SubnetGroup('DatabaseSubnets', { subnetIds: network.privateSubnets });
  return new aws.rds.Instance('Database', {
    engine: 'postgres',
    engineVersion: '17',
    instanceClass: database.instance,
    dbName: NAME,
    username: owner.username,
    password: owner.password,
    multiAz: isProduction,
    dbSubnetGroupName: subnetGroup.name,
    vpcSecurityGroupIds: [group.id],
    publiclyAccessible: false,
    parameterGroupName: createParameters().name,
    caCertIdentifier: 'rds-ca-rsa2048-g1',
    storageEncrypted: true,
    storageType: 'gp3',
    allocatedStorage: database.storageGb,
    maxAllocatedStorage: database.maxStorageGb,
    // A daily backup and the log up to five minutes ago allow a restore of any moment in between.
    backupRetentionPeriod: database.backupDays,
    copyTagsToSnapshot: true,
    deletionProtection: isProduction,
    skipFinalSnapshot: !isProduction,
    ...(isProduction && { finalSnapshotIdentifier: `terse-${stage.name}-final` }),
    autoMinorVersionUpgrade: true,
    performanceInsightsEnabled: isProduction,
    applyImmediately: !isProduction,
  });
}

function createParameters() {
  return new aws.rds.ParameterGroup('DatabaseParameters', {
    family: 'postgres17',
    parameters: [
      { name: 'rds.force_ssl', value: '1' },
      { name: 'log_min_duration_statement', value: '1000' },
    ],
  });
}

function createReplica({ database, isProduction }: Stage, group: SecurityGroup, instance: aws.rds.Instance) {
  return new aws.rds.Instance('DatabaseReplica', {
    replicateSourceDb: instance.identifier,
    instanceClass: database.instance,
    vpcSecurityGroupIds: [group.id],
    publiclyAccessible: false,
    parameterGroupName: instance.parameterGroupName,
    caCertIdentifier: 'rds-ca-rsa2048-g1',
    storageEncrypted: true,
    maxAllocatedStorage: database.maxStorageGb,
    deletionProtection: isProduction,
    // It has no data of its own.
    skipFinalSnapshot: true,
    autoMinorVersionUpgrade: true,
    performanceInsightsEnabled: isProduction,
  });
}
