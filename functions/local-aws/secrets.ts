import { randomUUID } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** The only field of a secret; on AWS each has the fields that `infra/` gives it. */
const FIELD = 'value';

/** Asks Secrets Manager for one action. */
export type AskSecretsManager = (action: string, body: unknown) => Promise<unknown>;

/**
 * Puts each file of a folder into Secrets Manager under its name, replacing existing secrets.
 * @returns the names.
 */
export async function putSecrets(ask: AskSecretsManager, directory: string): Promise<string[]> {
  const names = readdirSync(directory).toSorted();
  for (const name of names) {
    const SecretString = JSON.stringify({ [FIELD]: readFileSync(join(directory, name), 'utf8').trimEnd() });
    try {
      await ask('CreateSecret', { Name: name, SecretString, ClientRequestToken: randomUUID() });
    } catch (error) {
      if (!String(error).includes('ResourceExistsException')) throw error;
    }
    await ask('PutSecretValue', { SecretId: name, SecretString, ClientRequestToken: randomUUID() });
  }
  return names;
}
