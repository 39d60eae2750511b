import { type PlanReader, shortType } from './plans.ts';

/** Returns a readable plan: its resources, and the connections that its rules allow. */
export function describePlan(plan: PlanReader): string {
  const byType = Map.groupBy(plan.resources, ({ type }) => shortType(type));
  const types = [...byType.keys()].filter((type) => type !== 'pulumi:pulumi:Stack').toSorted();
  const resources = types.map((type) => {
    const names = (byType.get(type) ?? []).map(({ name }) => `  ${name}`);
    return `${type}\n${names.toSorted().join('\n')}`;
  });
  return [
    `${plan.app.stage}: ${plan.resources.length} resources`,
    '',
    'Connections',
    ...connections(plan).map((line) => `  ${line}`),
    '',
    ...resources,
    '',
  ].join('\n');
}

function connections(plan: PlanReader): string[] {
  const group = (id: unknown) => String(id).replace(/Group-id$/, '');
  const port = (inputs: Readonly<Record<string, unknown>>) =>
    `${String(inputs['ipProtocol'])} ${String(inputs['fromPort'])}`;
  const incoming = plan.of('vpc/securityGroupIngressRule').map(({ inputs }) => {
    const from = inputs['referencedSecurityGroupId'] ?? inputs['prefixListId'] ?? inputs['cidrIpv4'];
    return `${group(from)} → ${group(inputs['securityGroupId'])}, ${port(inputs)}`;
  });
  const outgoing = plan
    .of('vpc/securityGroupEgressRule')
    .filter(({ inputs }) => inputs['referencedSecurityGroupId'] === undefined)
    .map(
      ({ inputs }) => `${group(inputs['securityGroupId'])} → ${String(inputs['cidrIpv4'])}, ${port(inputs)}`,
    );
  return [...incoming, ...outgoing].toSorted();
}
