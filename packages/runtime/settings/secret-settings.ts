import { parseAnswer, z } from '@terse/platform/zod';
import { askSecretsManager } from '../aws.ts';

type Environment = Record<string, string | undefined>;

const SUFFIX = '_SECRET';
/** As ECS names a field of a secret: `arn:aws:secretsmanager:<region>:<account>:secret:<name>:<field>::`. */
const REFERENCE = /^(arn:[^:]+:secretsmanager:([^:]+):\d+:secret:[^:]+):([^:]+)::$/;

const answerSchema = z.object({
  SecretString: z
    .string()
    .transform((text, context) => {
      try {
        return JSON.parse(text) as unknown;
      } catch {
        context.addIssue('must be JSON');
        return z.NEVER;
      }
    })
    .pipe(z.record(z.string(), z.string())),
});

/**
 * Sets `NAME` to what `NAME_SECRET` refers to in AWS Secrets Manager, for every variable of such a name.
 * @returns the names that were set.
 * @throws Error that names the variable, and no value, when its secret cannot be read.
 */
export async function takeSecretSettings(environment: Environment = process.env): Promise<string[]> {
  const secrets = new Map<string, Promise<Readonly<Record<string, string>>>>();
  const taken: string[] = [];
  for (const [variable, reference] of Object.entries(environment)) {
    const [, arn, region, field] = REFERENCE.exec(reference ?? '') ?? [];
    if (!variable.endsWith(SUFFIX) || !arn || !region || !field) continue;
    try {
      const secret = secrets.get(arn) ?? readSecret(environment, region, arn);
      secrets.set(arn, secret);
      const value = (await secret)[field];
      if (value === undefined) throw new Error(`The secret has no field "${field}".`);
      const name = variable.slice(0, -SUFFIX.length);
      environment[name] = value;
      taken.push(name);
    } catch (error) {
      throw new Error(`${variable} names a secret that cannot be read.`, { cause: error });
    }
  }
  return taken;
}

async function readSecret(
  environment: Environment,
  region: string,
  arn: string,
): Promise<Readonly<Record<string, string>>> {
  const answer = await askSecretsManager('GetSecretValue', { SecretId: arn }, environment, region);
  return parseAnswer(answerSchema, answer, 'The answer of AWS').SecretString;
}
