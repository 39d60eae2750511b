import type { PlanReader } from './plans.ts';

export interface Statement {
  readonly role: string;
  readonly actions: readonly string[];
  readonly resources: readonly string[];
}

interface PolicyInputs {
  readonly statements: readonly {
    readonly actions: readonly string[];
    readonly resources: readonly string[];
  }[];
}

/** Returns the statements of all roles. */
export function statementsOf(plan: PlanReader): Statement[] {
  return plan.of('iam/role').flatMap(({ name: role, inputs }) => {
    const inline = (inputs['inlinePolicies'] ?? []) as readonly { readonly policy: string }[];
    const managed = (inputs['managedPolicyArns'] ?? []) as readonly string[];
    const statements = inline.flatMap(({ policy }) => (JSON.parse(policy) as PolicyInputs).statements);
    // Managed policies of AWS name every resource of the account.
    const ofAws = managed.map((arn) => ({ actions: [arn], resources: ['*'] }));
    return [...statements, ...ofAws].map(({ actions, resources }) => ({ role, actions, resources }));
  });
}
