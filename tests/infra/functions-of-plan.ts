import { SECRET_MARK } from '../../infra/plan/plan.ts';
import type { PlanReader } from './plans.ts';

/** A function in the plan, on Fargate or on Lambda. */
export interface PlannedFunction {
  readonly name: string;
  readonly kind: 'service' | 'task' | 'lambda';
  readonly image: string;
  /** The environment of its process, with the values of its secrets. */
  readonly environment: Readonly<Record<string, string>>;
  /** The ARNs of the secrets that it names. */
  readonly secretArns: readonly string[];
  /** The text whose change restarts it. */
  readonly restartsWith: string;
  /** The role that reads the secrets. */
  readonly readingRole: string;
}

interface ContainerDefinition {
  readonly name: string;
  readonly image: string;
  readonly readonlyRootFilesystem?: boolean;
  readonly user?: string;
  readonly linuxParameters?: unknown;
  readonly healthCheck?: { readonly command: readonly string[]; readonly startPeriod: number };
  readonly environment: readonly { readonly name: string; readonly value: string }[];
  readonly secrets?: readonly { readonly name: string; readonly valueFrom: string }[];
  readonly logConfiguration: { readonly options: Readonly<Record<string, string>> };
}

export function containersOf(plan: PlanReader): (readonly [definition: string, ContainerDefinition])[] {
  return plan.of('ecs/taskDefinition').flatMap(({ name, inputs }) => {
    const containers = JSON.parse(String(inputs['containerDefinitions'])) as ContainerDefinition[];
    return containers.map((container) => [name, container] as const);
  });
}

export function functionsOf(plan: PlanReader): PlannedFunction[] {
  const serviceOf = (definition: string) =>
    plan.of('ecs/service').find(({ inputs }) => nameInArn(String(inputs['taskDefinition'])) === definition);
  const onFargate = containersOf(plan)
    .filter(([, { name }]) => name !== 'metrics')
    .map(([definition, container]): PlannedFunction => {
      const secrets = container.secrets ?? [];
      const { inputs } = plan.one('ecs/taskDefinition', definition);
      const service = serviceOf(definition);
      const triggers = service?.inputs['triggers'] as { readonly secrets: string } | undefined;
      return {
        name: container.name,
        kind: service ? 'service' : 'task',
        image: container.image,
        environment: Object.fromEntries([
          ...container.environment.map(({ name, value }) => [name, value] as const),
          ...secrets.map(({ name, valueFrom }) => [name, secretValue(plan, valueFrom)] as const),
        ]),
        secretArns: unique(secrets.map(({ valueFrom }) => arnOf(valueFrom))),
        restartsWith: triggers?.secrets ?? '',
        readingRole: nameInArn(String(inputs['executionRoleArn'])),
      };
    });
  const onLambda = plan.of('lambda/function').map(({ inputs }): PlannedFunction => {
    const { variables } = inputs['environment'] as { readonly variables: Readonly<Record<string, string>> };
    const isSecret = (name: string) => name.endsWith('_SECRET');
    const entries = Object.entries(variables);
    return {
      name: String(inputs['name']).replace(`terse-${plan.app.stage}-`, ''),
      kind: 'lambda',
      image: String(inputs['imageUri']),
      environment: Object.fromEntries(
        entries.map(([name, value]) =>
          isSecret(name) ? [name.slice(0, -'_SECRET'.length), secretValue(plan, value)] : [name, value],
        ),
      ),
      secretArns: unique(entries.filter(([name]) => isSecret(name)).map(([, value]) => arnOf(value))),
      restartsWith: variables['SECRET_VERSIONS'] ?? '',
      readingRole: nameInArn(String(inputs['role'])),
    };
  });
  return [...onFargate, ...onLambda].toSorted((a, b) => (a.name < b.name ? -1 : 1));
}

/** Returns the value that a function gets for `arn:…:secret:<name>:<field>::`. */
function secretValue(plan: PlanReader, reference: string): string {
  const field = reference.split(':')[7] ?? '';
  const version = plan
    .of('secretsmanager/secretVersion')
    .find(({ inputs }) => inputs['secretId'] === arnOf(reference));
  const fields = JSON.parse(String(version?.inputs['secretString'])) as Readonly<Record<string, string>>;
  const value = fields[field];
  if (!value?.includes(SECRET_MARK)) throw new Error(`${reference} names no secret.`);
  return value;
}

function arnOf(reference: string): string {
  return reference.split(':').slice(0, 7).join(':');
}

export function nameInArn(arn: string): string {
  return arn.split(':').at(-1) ?? '';
}

function unique(values: readonly string[]): string[] {
  return [...new Set(values)].toSorted();
}
