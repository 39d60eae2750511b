import type { Stage } from './stage.ts';

/** A secret of Secrets Manager that holds JSON; a function reads one field of it by `field`. */
export interface StoredSecret {
  readonly arn: $util.Output<string>;
  /** Changes with the value: what read the old one is to start anew. */
  readonly version: $util.Output<string>;
  /** As ECS names one field of a secret. The value itself stands neither in a task definition nor in an environment. */
  field(name: string): $util.Output<string>;
}

type Fields = Readonly<Record<string, $util.Input<string>>>;

/** A place for a secret, to be named before its value is known. */
export function createSecret(stage: Stage, name: string) {
  const secret = new aws.secretsmanager.Secret(`${name}Secret`, {
    recoveryWindowInDays: stage.isProduction ? 30 : 0,
  });
  return {
    arn: secret.arn,
    write: (fields: $util.Input<Fields>): StoredSecret => {
      const { arn, versionId: version } = new aws.secretsmanager.SecretVersion(`${name}SecretValue`, {
        secretId: secret.id,
        secretString: $util.secret($jsonStringify(fields)),
      });
      // Of the value, not of the place: what reads it is made when it is there.
      return { arn, version, field: (field) => $interpolate`${arn}:${field}::` };
    },
  };
}

export function storeSecret(stage: Stage, name: string, fields: $util.Input<Fields>): StoredSecret {
  return createSecret(stage, name).write(fields);
}

/**
 * A password that fits into a URL as it is. Another `generation` makes another one: that is how it is rotated.
 */
export function createPassword(name: string, generation = '1') {
  return new random.RandomPassword(`${name}Password`, { length: 40, special: false, keepers: { generation } })
    .result;
}

/** Changes with the value of any of them. */
export function versionsOf(secrets: readonly StoredSecret[]): $util.Output<string> {
  return $output(secrets.map(({ version }) => version)).apply((versions) => [...new Set(versions)].join(' '));
}

/** The key of the API, which a person chooses with `sst secret set AdminApiKey …`. */
export function createAdminKey(stage: Stage) {
  return storeSecret(stage, 'AdminApiKey', { key: new sst.Secret('AdminApiKey').value });
}
