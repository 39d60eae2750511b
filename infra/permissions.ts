type Statement = aws.types.input.iam.GetPolicyDocumentStatementArgs;

interface Role {
  readonly service: 'ecs-tasks' | 'lambda' | 'scheduler';
  /** What it may do, by a name for people. */
  readonly policies: Readonly<Record<string, $util.Input<$util.Input<Statement>[]>>>;
}

/** A role with these rights and no managed policy: those of AWS name every resource of the account. */
export function createRole(name: string, { service, policies }: Role) {
  return new aws.iam.Role(name, {
    assumeRolePolicy: aws.iam.assumeRolePolicyForPrincipal({ Service: `${service}.amazonaws.com` }),
    inlinePolicies: Object.entries(policies).map(([policy, statements]) => ({
      name: policy,
      policy: aws.iam.getPolicyDocumentOutput({ statements }).json,
    })),
  });
}

export function writeLogs(group: aws.cloudwatch.LogGroup): Statement {
  return {
    actions: ['logs:CreateLogStream', 'logs:PutLogEvents', 'logs:DescribeLogStreams'],
    resources: [$interpolate`${group.arn}:*`],
  };
}

/** No statement where there is nothing to read: one must name something. */
export function readSecrets(arns: readonly $util.Output<string>[]): Statement[] {
  return arns.length === 0 ? [] : [{ actions: ['secretsmanager:GetSecretValue'], resources: [...arns] }];
}

export function pullImages(repositoryArn: $util.Input<string>): Statement[] {
  return [
    {
      actions: ['ecr:BatchCheckLayerAvailability', 'ecr:BatchGetImage', 'ecr:GetDownloadUrlForLayer'],
      resources: [repositoryArn],
    },
    // A token belongs to the registry: AWS knows no narrower resource for it.
    { actions: ['ecr:GetAuthorizationToken'], resources: ['*'] },
  ];
}
