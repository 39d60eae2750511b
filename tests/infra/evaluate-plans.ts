import { execFileSync } from 'node:child_process';
import type { TestProject } from 'vitest/node';
import type { Plan } from '../../infra/plan/plan.ts';
import { evaluatePlan } from './plans.ts';

/** Every stage, and production with the optional settings of an operator. */
const PLANS = {
  production: ['production', {}],
  dev: ['dev', {}],
  'pr-7': ['pr-7', {}],
  'production, otherwise': [
    'production',
    { API: 'lambda', QUEUE: 'cloudamqp:rabbit-1', PASSWORD_GENERATION: '2' },
  ],
} as const;

export type PlanName = keyof typeof PLANS;

declare module 'vitest' {
  interface ProvidedContext {
    plans: Record<PlanName, Plan>;
  }
}

/** Bundles the configuration and evaluates every plan once for all test files. */
export default async function setup(project: TestProject): Promise<void> {
  for (const script of ['install', 'bundle']) {
    execFileSync(process.execPath, [`infra/plan/${script}.ts`], { stdio: ['ignore', 'inherit', 'inherit'] });
  }
  const evaluated = await Promise.all(
    Object.entries(PLANS).map(
      async ([name, [stage, settings]]) => [name, await evaluatePlan(stage, settings)] as const,
    ),
  );
  project.provide('plans', Object.fromEntries(evaluated) as Record<PlanName, Plan>);
}
