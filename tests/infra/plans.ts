import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { type Plan, type PlannedResource, SECRET_MARK } from '../../infra/plan/plan.ts';

const SETTINGS = {
  DOMAIN: 'example.com',
  ALERT_EMAIL: 'ops@example.com',
  COMMIT: 'abcdef012345',
  SST_SECRET_AdminApiKey: `${SECRET_MARK}-admin-api-key`,
};

/**
 * What sst.config.ts asks of AWS and the others for a stage, without asking them.
 * @throws Error with what the configuration says when it refuses.
 */
export async function evaluatePlan(
  stage: string,
  settings: Readonly<Record<string, string | undefined>> = {},
): Promise<Plan> {
  const { stdout } = await promisify(execFile)(process.execPath, ['infra/.platform/evaluate.mjs', stage], {
    env: { ...SETTINGS, ...settings },
    maxBuffer: 64 * 1024 * 1024,
    timeout: 60_000,
  });
  return JSON.parse(stdout) as Plan;
}

export interface PlanReader extends Plan {
  /** All resources of a type, such as `ecs/service`. */
  of(type: string): readonly PlannedResource[];
  /** @throws Error when there is no such resource, or more than one. */
  one(type: string, name: string): PlannedResource;
}

export function readPlan(plan: Plan): PlanReader {
  const of = (type: string) => plan.resources.filter((resource) => shortType(resource.type) === type);
  return {
    ...plan,
    of,
    one: (type, name) => {
      const found = of(type).filter((resource) => resource.name === name);
      const [only] = found;
      if (found.length !== 1 || !only) throw new Error(`There are ${found.length} of ${type} ${name}.`);
      return only;
    },
  };
}

/** `aws:ecs/service:Service` → `ecs/service`, and others as they are. */
export function shortType(type: string): string {
  return /^aws:([a-z0-9]+\/[A-Za-z0-9]+):/.exec(type)?.[1] ?? type;
}

/** Every text in a value, however deep; JSON in a text is looked into, too. */
export function* textsIn(
  value: unknown,
  path: readonly string[] = [],
): Generator<readonly [path: string, text: string]> {
  if (typeof value === 'string') {
    const parsed = parsedJson(value);
    if (parsed === undefined) yield [path.join('.'), value];
    else yield* textsIn(parsed, path);
  } else if (typeof value === 'object' && value !== null) {
    for (const [key, inner] of Object.entries(value)) yield* textsIn(inner, [...path, key]);
  }
}

function parsedJson(text: string): object | undefined {
  if (!/^\s*[[{]/.test(text)) return undefined;
  try {
    return JSON.parse(text) as object;
  } catch {
    return undefined;
  }
}
