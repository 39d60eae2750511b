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
 * Evaluates sst.config.ts for a stage without any call to a cloud.
 * @throws Error with the message of the configuration when it refuses.
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
  /** Returns all resources of a type, such as `ecs/service`. */
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

/** Yields every text in a value at any depth, also within JSON in a text. */
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
