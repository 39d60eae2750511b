import type { FunctionSettings } from './containers.ts';
import { pascal } from './resource-name.ts';
import { ARCHITECTURE, type Image } from './images.ts';
import type { Network, SecurityGroup } from './network.ts';
import { createRole, readSecrets, writeLogs } from './permissions.ts';
import { versionsOf } from './secrets.ts';
import type { Stage } from './stage.ts';

export interface LambdaOptions extends FunctionSettings {
  readonly name: string;
  readonly image: Image;
  readonly group: SecurityGroup;
  readonly memoryMb: number;
  readonly timeoutSeconds: number;
  /** The most that may run at once: each has its own connections to the database. */
  readonly maxConcurrent: number;
  readonly after: $util.Input<$util.Resource>[];
}

/** Creates a function of the `lambda` image. Its environment names its secrets, and it fetches them at start. */
export function createContainerLambda(stage: Stage, network: Network, options: LambdaOptions) {
  const name = pascal(options.name);
  const functionName = `terse-${stage.name}-${options.name}`;
  const logs = new aws.cloudwatch.LogGroup(`${name}Logs`, {
    name: `/aws/lambda/${functionName}`,
    retentionInDays: stage.logDays,
  });
  const secrets = Object.values(options.secrets).map(([secret]) => secret);
  const role = createRole(`${name}Role`, {
    service: 'lambda',
    policies: {
      logs: [writeLogs(logs)],
      secrets: readSecrets(secrets.map(({ arn }) => arn)),
      // A Lambda in a VPC creates its network interfaces, and AWS has no narrower resource for these.
      network: [
        {
          actions: [
            'ec2:CreateNetworkInterface',
            'ec2:DescribeNetworkInterfaces',
            'ec2:DeleteNetworkInterface',
          ],
          resources: ['*'],
        },
      ],
    },
  });
  const lambda = new aws.lambda.Function(
    `${name}Function`,
    {
      name: functionName,
      packageType: 'Image',
      imageUri: options.image.reference,
      architectures: [ARCHITECTURE.lambda],
      role: role.arn,
      memorySize: options.memoryMb,
      timeout: options.timeoutSeconds,
      reservedConcurrentExecutions: options.maxConcurrent,
      vpcConfig: { subnetIds: network.privateSubnets, securityGroupIds: [options.group.id] },
      loggingConfig: { logFormat: 'Text', logGroup: logs.name },
      environment: {
        variables: {
          ...options.environment,
          // It fetches its secrets at start, and a changed environment starts it anew.
          SECRET_VERSIONS: versionsOf(secrets),
          ...Object.fromEntries(
            Object.entries(options.secrets).map(([setting, [secret, field]]) => [
              `${setting}_SECRET`,
              secret.field(field),
            ]),
          ),
        },
      },
    },
    { dependsOn: options.after },
  );
  return { lambda, logs };
}
