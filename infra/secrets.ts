import type { Stage } from './stage.ts';

/** A secret of Secrets Manager that holds JSON; a function reads one field of it. */
export interface StoredSecret {
  readonly arn: $util.Output<string>;
  /** Changes with the value, so that functions with the old value restart. */
  readonly version: $util.Output<string>;
  /** ECS's name of one field. No task definition and no environment contains the value. */
  field(name: string): $util.Output<string>;
}

type Fields = Readonly<Record<string, $util.Input<string>>>;

/** Creates a secret that can be named before its value is known. */
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
      // The ARN of the value, so that its readers are created after it.
      return { arn, version, field: (field) => $interpolate`${arn}:${field}::` };
    },
  };
}

export function storeSecret(stage: Stage, name: string, fields: $util.Input<Fields>): StoredSecret {
  return createSecret(stage, name).write(fields);
}

/** Creates a password that fits into a URL as it is. A new `generation` rotates it. */
export function createPassword(name: string, generation = '1') {
  return new random.RandomPassword(`${name}Password`, { length: 40, special: false, keepers: { generation } })
    .result;
}

/** Returns a text that changes with the value of any of the secrets. */
export function versionsOf(secrets: readonly StoredSecret[]): $util.Output<string> {
  return $output(secrets.map(({ version }) => version)).apply((versions) => [...new Set(versions)].join(' '));
}

/** Creates the secret of the API key, which a person sets with `sst secret set AdminApiKey …`. */
export function createAdminKey(stage: Stage) {
  return storeSecret(stage, 'AdminApiKey', { key: new sst.Secret('AdminApiKey').value });
}
