type Statement = aws.types.input.iam.GetPolicyDocumentStatementArgs;

interface Role {
  readonly service: 'ecs-tasks' | 'lambda' | 'scheduler';
  /** The rights of the role, by policy name. */
  readonly policies: Readonly<Record<string, $util.Input<$util.Input<Statement>[]>>>;
}

/** Creates a role with these rights and no managed policy, which would name every resource of the account. */
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

/** Returns no statement for no secrets, because a statement must name a resource. */
export function readSecrets(arns: readonly $util.Output<string>[]): Statement[] {
  return arns.length === 0 ? [] : [{ actions: ['secretsmanager:GetSecretValue'], resources: [...arns] }];
}

export function pullImages(repositoryArn: $util.Input<string>): Statement[] {
  return [
    {
      actions: ['ecr:BatchCheckLayerAvailability', 'ecr:BatchGetImage', 'ecr:GetDownloadUrlForLayer'],
      resources: [repositoryArn],
    },
    // A token is for the whole registry: AWS has no narrower resource for it.
    { actions: ['ecr:GetAuthorizationToken'], resources: ['*'] },
  ];
}
